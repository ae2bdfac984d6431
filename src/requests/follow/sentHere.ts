import type { Deps } from '../../deps.js';
import { findSubmission } from '../../store/submissions.js';
import { hashToken, isToken } from '../../token.js';

/** What a person typed besides the address. */
export type SentDetails = { firstName: string; lastName: string; company: string; reason: string };

/**
 * What was typed for a request, for the browser that sent it alone: another that has joined the request may belong to somebody
 * else. Null for any other, and once the data has been removed.
 *
 * @param token whatever the URL names
 * @param browser see `http/browserKey.ts`
 */
export async function findSentHere(
  { store }: Pick<Deps, 'store'>,
  token: unknown,
  browser: Buffer | null,
): Promise<SentDetails | null> {
  if (!isToken(token) || browser === null) return null;
  const found = await findSubmission(store.db, hashToken(token));
  if (!found?.request.browser_hash?.equals(browser) || found.request.anonymised_at) return null;
  const { first_name: firstName, last_name: lastName, company, reason } = found.request;
  return { firstName, lastName, company, reason };
}
