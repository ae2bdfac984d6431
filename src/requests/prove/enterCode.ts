import type { Deps } from '../../deps.js';
import { PublicError } from '../../errors.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { admitBrowser, spendBrowserTry } from '../../store/challengeBrowsers.js';
import { findChallenge, spendTry, useUpChallenge } from '../../store/challenges.js';
import type { Db, RequestRow } from '../../store/schema.js';
import { prove } from './prove.js';
import { awaitedKind, shownProof } from './awaitedProof.js';
import { isCode, readCode, TRIES } from './secrets.js';

/** Why a code is refused: `settled` when the request waits for none; `triesLeft` goes with a wrong one. */
export type CodeFault =
  { fault: 'settled' | 'malformed' | 'expired' | 'usedUp' } | { fault: 'wrong'; triesLeft: number };

/**
 * Proves a mailbox by the code of its mail. The code is compared only in the browser that sent the form, so that nobody can use
 * up the tries of another person. Every other browser has tries of its own, and its codes count as wrong: who posts an address
 * must not learn whether it had been posted before.
 *
 * @param typed as it was posted
 * @returns what is wrong with the code; null when it was right, and the mailbox is proved
 */
export async function enterCode(
  deps: Deps,
  request: RequestRow,
  typed: unknown,
  browser: Buffer,
): Promise<CodeFault | null> {
  if (awaitedKind(deps, request) !== 'mailbox') return { fault: 'settled' };
  const code = readCode(typed);
  if (code === null) return { fault: 'malformed' };
  // No mail has been requested yet, so no code can be right.
  if (!(await findChallenge(deps.store.db, request.id))) return { fault: 'expired' };
  const tried = await deps.store.db
    .transaction()
    .execute((trx) => tryCode(deps, trx, { requestId: request.id, code, browser }));
  if ('fault' in tried) {
    deps.log.info({ requestId: request.id, fault: tried.fault }, 'code refused');
    return tried;
  }
  const proof = shownProof(browser, { kind: 'mailbox' });
  try {
    await prove(deps, request.id, proof, (trx) => useUpChallenge(trx, tried));
    return null;
  } catch (error) {
    // The form was sent twice, and the first has given the proof.
    if (error instanceof PublicError) return { fault: 'settled' };
    throw error;
  }
}

type TypedCode = { requestId: string; code: string; browser: Buffer };

/** Spends a try and compares the code. The answer depends only on what was done in this browser. */
async function tryCode(deps: Deps, trx: Db, typed: TypedCode): Promise<CodeFault | { sealedCode: string }> {
  const { requestId, browser } = typed;
  await admitBrowser(trx, requestId, browser, TRIES);
  const own = await spendBrowserTry(trx, requestId, browser);
  if (!own) return { fault: 'usedUp' };
  const sealedCode = await compare(deps, trx, typed);
  if (sealedCode !== null) return { sealedCode };
  const { triesLeft, askedSecondsAgo } = own;
  if (triesLeft === 0) return { fault: 'usedUp' };
  return (askedSecondsAgo ?? 0) > deps.limits.codeSeconds
    ? { fault: 'expired' }
    : { fault: 'wrong', triesLeft };
}

/** Returns the stored code if the typed one matches it; null when it is wrong, or not this browser's. */
async function compare(
  { config }: Deps,
  trx: Db,
  { requestId, code, browser }: TypedCode,
): Promise<string | null> {
  const spent = await spendTry(trx, requestId, browser);
  if (!spent) return null;
  const { sealedCode, live, triesLeft } = spent;
  if (sealedCode !== null && live && isCode(config, requestId, code, sealedCode)) return sealedCode;
  if (triesLeft === 0) {
    await insertAuditEvent(trx, {
      requestId,
      actor: 'partner',
      action: 'proof.failed',
      detail: { kind: 'mailbox', why: 'tries' },
    });
  }
  return null;
}
