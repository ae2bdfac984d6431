import { setTimeout as sleep } from 'node:timers/promises';
import { FORM } from '../support/visitor.js';
import type { Cluster } from './cluster.js';

export type Crowd = {
  /** Those to whom a status page was promised, and where it is. */
  acknowledged: Map<string, string>;
  /** What the others were answered; `null` where the connection broke. */
  unanswered: { email: string; status: number | null }[];
  /** Nobody else comes; resolves when all who are there have been answered. */
  stop(): Promise<void>;
};

/** People who sign up, one every `everyMs`, whoever still waits for an answer. */
export function startCrowd(cluster: Cluster, everyMs: number): Crowd {
  const acknowledged = new Map<string, string>();
  const unanswered: Crowd['unanswered'] = [];
  const under = new AbortController();
  const people: Promise<void>[] = [];

  async function signUp(email: string): Promise<void> {
    const person = cluster.newcomer();
    let answer = await person.get('/').catch(() => null);
    if (answer?.status === 200) {
      const _csrf = /name="_csrf" value="([^"]+)"/.exec(answer.text)?.[1];
      answer = await person.postRaw('/sign-up', { ...FORM, email, _csrf }).catch(() => null);
    }
    const path = answer?.headers.location;
    if (answer?.status === 303 && path !== undefined) acknowledged.set(email, path);
    else unanswered.push({ email, status: answer?.status ?? null });
  }

  async function arrive(): Promise<void> {
    for (let count = 0; !under.signal.aborted; count++) {
      people.push(signUp(`crowd${count}@fabrikam.com`));
      await sleep(everyMs, undefined, { signal: under.signal }).catch(() => undefined);
    }
  }

  const arriving = arrive();
  return {
    acknowledged,
    unanswered,
    async stop() {
      under.abort();
      await arriving;
      await Promise.all(people);
    },
  };
}
