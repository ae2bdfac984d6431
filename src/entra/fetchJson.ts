import { EntraFault } from './entraFault.js';

const TIMEOUT_MS = 5_000;
/** Far more than Entra's keys take, which are the largest. */
const MAX_BYTES = 256 * 1024;

export type JsonAnswer = { status: number; body: unknown };

/**
 * Asks Entra for JSON and waits for no more than five seconds and 256 KiB of it; follows no redirect.
 *
 * @param form sent as a POST when given
 * @returns the answer of a service that is well: JSON with a status below 500 that is not 429
 * @throws {EntraFault} `unreachable` or `unreadable`
 */
export async function fetchJson(url: string, form?: Record<string, string>): Promise<JsonAnswer> {
  const { status, text } = await fetchText(url, form);
  if (status >= 500 || status === 429) throw new EntraFault('unreachable', `answered with ${status}`);
  try {
    return { status, body: JSON.parse(text) as unknown };
  } catch {
    throw new EntraFault('unreadable', `answered with ${status} and no JSON`);
  }
}

async function fetchText(
  url: string,
  form?: Record<string, string>,
): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: 'application/json' },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of response.body ?? []) {
      parts.push(part as Uint8Array);
      size += (part as Uint8Array).length;
      if (size > MAX_BYTES) throw new EntraFault('unreadable', 'an answer without end');
    }
    return { status: response.status, text: Buffer.concat(parts).toString() };
  } catch (error) {
    if (error instanceof EntraFault) throw error;
    throw new EntraFault('unreachable', 'no answer', { cause: error });
  }
}
