import { setTimeout as sleep } from 'node:timers/promises';
import { clientOf, filledIn, type FormPage } from './portal.js';

const POLL_MS = 20;

/** Returns what sends the form, each time from another client, and gives the path of the status page. */
export function signUpAt(url: string): (address: string, form: FormPage) => Promise<string> {
  let sent = 0;
  return async (address, { csrf, cookie }) => {
    const answer = await fetch(`${url}/sign-up`, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        cookie,
        'x-forwarded-for': clientOf(sent++),
      },
      body: filledIn(address, csrf),
    });
    const path = answer.headers.get('location');
    if (answer.status !== 303 || path === null)
      throw new Error(`${address} was answered with ${answer.status}`);
    return path;
  };
}

/** Waits until the status page of others than the owner says that an answer went to the mailbox. */
export async function isAnswered(url: string, path: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}${path}`, { headers: { accept: 'application/json' } });
    const { status } = (await answer.json()) as { status: string };
    if (status === 'answered') return;
    if (status !== 'queued') throw new Error(`A sign-up became ${status}`);
    await sleep(POLL_MS);
  }
}
