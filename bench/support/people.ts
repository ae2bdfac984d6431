import { setTimeout as sleep } from 'node:timers/promises';
import { clientOf, filledIn } from './portal.js';

export type People = {
  /** The addresses that got a status page, with its last status. */
  acknowledged: Map<string, string>;
  /** In milliseconds: how long each page took that was answered, from the click that brought it. */
  times: Record<'form' | 'signUp' | 'status', number[]>;
  /** In milliseconds: how long people waited for each request that died with its instance; they then try again. */
  broken: number[];
  /** Statuses of error pages, each with its page. */
  refused: string[];
  /** How many still look at their status page. */
  waiting(): number;
  nobodyElse(): void;
  /** Stops all people. */
  stop(): Promise<void>;
};

/** As often as the status page looks by itself. */
const LOOK_MS = 2_000;
const AGAIN_MS = 1_000;

/**
 * People who sign up one every `everyMs`, each from an address of their own: they open the form, send it, and look at the status
 * page until it says that all is done. When a request breaks, they try again, as people do.
 */
export function startPeople(url: string, everyMs: number): People {
  const acknowledged: People['acknowledged'] = new Map();
  const times: People['times'] = { form: [], signUp: [], status: [] };
  const [coming, staying] = [new AbortController(), new AbortController()];
  const people = new Set<Promise<void>>();
  const [broken, refused]: [number[], string[]] = [[], []];

  /** The first answer that is one; each click is timed by itself. */
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
      if (answer && answer.status >= 400 && answer.status !== 502) refused.push(`${answer.status} ${page}`);
      else broken.push(performance.now() - began);
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
      if (status === 'answered') return;
      await sleep(LOOK_MS);
    }
  }

  async function arrive(): Promise<void> {
    const began = performance.now();
    for (let number = 0; !coming.signal.aborted; number++) {
      const person = signUp(number).finally(() => people.delete(person));
      people.add(person);
      // By the clock: a delay of this process must not make fewer people.
      const rest = Math.max(0, began + (number + 1) * everyMs - performance.now());
      await sleep(rest, undefined, { signal: coming.signal }).catch(() => undefined);
    }
  }

  const arriving = arrive();
  return {
    acknowledged,
    times,
    broken,
    refused,
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
