import type { Deps } from '../../deps.js';
import { PublicError } from '../../errors.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { admitBrowser, spendBrowserTry } from '../../store/challengeBrowsers.js';
import { findChallenge, spendTry, useUpChallenge } from '../../store/challenges.js';
import type { Db, RequestRow } from '../../store/schema.js';
import { prove } from './prove.js';
import { awaitedKind, shownProof } from './awaitedProof.js';
import { isCode, readCode, TRIES } from './secrets.js';

/** Why a code does not do: `settled` when none is asked for (any more); `triesLeft` goes with a wrong one. */
export type CodeFault =
  { fault: 'settled' | 'malformed' | 'expired' | 'usedUp' } | { fault: 'wrong'; triesLeft: number };

/**
 * Takes the code of a mail as the proof that somebody reads the mailbox. It is compared only in the browser that sent the
 * form, so that nobody can use up the tries of somebody else; every other browser has tries of its own, and is answered as
 * if what it typed were wrong. Whoever posts an address must not learn whether somebody had posted it before.
 *
 * @param typed as it was posted
 * @param browser of whoever types
 * @returns what is wrong with the code; null when it is right, and proved
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
  // No mail has been asked for yet, so there is nothing that could be right.
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
    // Sent twice: the first has made the proof.
    if (error instanceof PublicError) return { fault: 'settled' };
    throw error;
  }
}

type TypedCode = { requestId: string; code: string; browser: Buffer };

/** Compares a code at the price of a try, which stays spent whatever follows. What is said of it is the browser's own story. */
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

/** Returns what the code was compared with, null when it is not right, or not this browser's. */
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
