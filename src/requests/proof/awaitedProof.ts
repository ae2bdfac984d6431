import type { Deps } from '../../deps.js';
import type { RequestRow } from '../../store/schema.js';

/** What a request still waits for, and what this viewer can do about it. */
export type AwaitedProof = { kind: 'mailbox' | 'tenant' };

/**
 * @param browser of the viewer; see `http/browserKey.ts`
 * @returns null for a request that waits for no proof
 */
export async function awaitedProof(
  _deps: Deps,
  { state, decision }: RequestRow,
  browser: Buffer | null,
): Promise<AwaitedProof | null> {
  if (state !== 'unproven') return null;
  const kind = decision.reasons.some(({ code }) => code === 'proof.tenant') ? 'tenant' : 'mailbox';
  return Promise.resolve(browser ? { kind } : { kind });
}
