import { setTimeout as sleep } from 'node:timers/promises';
import { clientOf, filledIn } from './portal.js';

export type People = {
  /** Who was promised a status page, and what it said last. */
  acknowledged: Map<string, string>;
  /** In milliseconds: how long each page took that was answered. */
  times: Record<'form' | 'signUp' | 'status', number[]>;
  /** How many requests died with their instance; people then try again. */
  broken(): number;
  /** How many still look at their status page. */
  waiting(): number;
  nobodyElse(): void;
  /** Sends everybody home. */
  stop(): Promise<void>;
};

/** As often as the status page looks by itself. */
const LOOK_MS = 2_000;
const AGAIN_MS = 1_000;

/**
 * People who sign up one every `everyMs`, each from an address of their own: they open the form, send it, and look at the status
 * page until it says that all is done. What breaks they try again, as people do.
 */
export function startPeople(url: string, everyMs: number): People {
  const acknowledged: People['acknowledged'] = new Map();
  const times: People['times'] = { form: [], signUp: [], status: [] };
  const [coming, staying] = [new AbortController(), new AbortController()];
  const people = new Set<Promise<void>>();
  let broken = 0;

  /** The first answer that is one, within a time that counts from when it was asked for. */
  async function ask(page: keyof People['times'], path: string, init: RequestInit): Promise<Response | null> {
    while (!staying.signal.aborted) {
      const began = performance.now();
      const answer = await fetch(`${url}${path}`, { redirect: 'manual', ...init }).catch(() => null);
      const text = await answer
        ?.clone()
        .text()
        .catch(() => null);
      if (answer && answer.status < 400 && text !== null) {
        times[page].push(performance.now() - began);
        return answer;
      }
      if (answer && answer.status !== 502) throw new Error(`${path} was answered with ${answer.status}`);
      broken++;
      await sleep(AGAIN_MS);
    }
    return null;
  }

  async function signUp(number: number): Promise<void> {
    const headers = { 'x-forwarded-for': clientOf(number), 'x-forwarded-proto': 'https' };
    const form = await ask('form', '/', { headers });
    const csrf = /name="_csrf" value="([^"]+)"/.exec((await form?.text()) ?? '')?.[1] ?? '';
    const cookie = form?.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const address = `ana${number}@fabrikam.com`;
    const posted = await ask('signUp', '/sign-up', {
      method: 'POST',
      headers: { ...headers, cookie, 'content-type': 'application/x-www-form-urlencoded' },
      body: filledIn(address, csrf),
    });
    const path = posted?.headers.get('location') ?? null;
    if (path === null) return;
    acknowledged.set(address, 'acknowledged');
    while (!staying.signal.aborted) {
      const page = await ask('status', path, { headers: { ...headers, accept: 'application/json' } });
      const { status } = ((await page?.json()) ?? { status: 'unknown' }) as { status: string };
      acknowledged.set(address, status);
      if (status === 'provisioned') return;
      await sleep(LOOK_MS);
    }
  }

  async function arrive(): Promise<void> {
    for (let number = 0; !coming.signal.aborted; number++) {
      const person = signUp(number).finally(() => people.delete(person));
      people.add(person);
      await sleep(everyMs, undefined, { signal: coming.signal }).catch(() => undefined);
    }
  }

  const arriving = arrive();
  return {
    acknowledged,
    times,
    broken: () => broken,
    waiting: () => people.size,
    nobodyElse: () => {
      coming.abort();
    },
    async stop() {
      coming.abort();
      staying.abort();
      await arriving;
      await Promise.all(people);
    },
  };
}
