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
 * Calls Entra and waits for no more than five seconds; follows no redirect.
 *
 * @returns the answer, whatever its status; `text` is null for one that is longer
 * @throws {DOMException} `TimeoutError` when the time is over
 * @throws {Error} what `fetch` throws without an answer, and for a redirect
 */
export async function fetchText(
  url: string,
  { maxBytes, form, signal }: Options,
): Promise<{ status: number; text: string | null }> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, {
    redirect: 'error',
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    headers: { accept: 'application/json' },
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  });
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.byteLength;
    // Leaving the loop cancels the stream.
    if (size > maxBytes) return { status: response.status, text: null };
    parts.push(part);
  }
  return { status: response.status, text: Buffer.concat(parts).toString() };
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
