import { guardedFetch, type GuardedAnswer } from '../guardedFetch.js';
import { EntraFault } from './entraFault.js';

const TIMEOUT_MS = 5_000;

type Options = {
  /** The longest answer that is read. */
  maxBytes: number;
  /** Sent as a POST when given. */
  form?: Record<string, string> | undefined;
  /** Ends the call earlier. */
  signal?: AbortSignal | undefined;
};

/**
 * Calls Entra, for five seconds at most.
 *
 * @returns the answer, whatever its status; `text` is null for one that is longer
 * @throws {Error} as {@link guardedFetch} does
 */
export function fetchText(url: string, { maxBytes, form, signal }: Options): Promise<GuardedAnswer> {
  return guardedFetch(url, {
    headers: { accept: 'application/json' },
    maxBytes,
    timeoutMs: TIMEOUT_MS,
    signal,
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  });
}

/** Far more than Entra's keys take, which are the largest. */
const MAX_BYTES = 256 * 1024;

type JsonAnswer = { status: number; body: unknown };

/**
 * Reads JSON from Entra, within {@link fetchText}'s bounds and 256 KiB.
 *
 * @param form sent as a POST when given
 * @returns the answer of a service that is well: JSON with a status below 500 that is not 429
 * @throws {EntraFault} `unreachable` or `unreadable`
 */
export async function fetchJson(url: string, form?: Record<string, string>): Promise<JsonAnswer> {
  const answer = fetchText(url, { maxBytes: MAX_BYTES, form });
  const { status, text } = await answer.catch((cause: unknown) => {
    throw new EntraFault('unreachable', 'no answer', { cause });
  });
  if (text === null) throw new EntraFault('unreadable', 'an answer without end');
  if (status >= 500 || status === 429) throw new EntraFault('unreachable', `answered with ${status}`);
  try {
    return { status, body: JSON.parse(text) as unknown };
  } catch {
    throw new EntraFault('unreadable', `answered with ${status} and no JSON`);
  }
}
