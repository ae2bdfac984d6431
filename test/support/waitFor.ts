import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `look` gives something other than undefined, null or false, and returns it. */
export async function waitFor<T>(
  what: string,
  look: () => Promise<T> | T,
  withinMs = 20_000,
): Promise<Exclude<T, undefined | null | false>> {
  const until = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) {
      return found as Exclude<T, undefined | null | false>;
    }
    if (Date.now() > until) throw new Error(`Waited ${withinMs} ms in vain for ${what}`);
    await sleep(50);
  }
}
