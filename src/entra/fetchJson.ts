import { EntraFault } from './entraFault.js';
import { fetchText } from './fetchText.js';

/** Far more than Entra's keys take, which are the largest. */
const MAX_BYTES = 256 * 1024;

export type JsonAnswer = { status: number; body: unknown };

/**
 * Asks Entra for JSON, within {@link fetchText}'s bounds and 256 KiB.
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
