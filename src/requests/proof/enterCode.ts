import type { Deps } from '../../deps.js';
import { PublicError } from '../../errors.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { findChallenge, spendTry, useUpChallenge } from '../../store/challenges.js';
import type { Db, RequestRow } from '../../store/schema.js';
import { prove } from '../prove.js';
import { awaitedKind } from './awaitedProof.js';
import { isCode, readCode } from './secrets.js';

/** Why a code does not do: `settled` when none is asked for (any more); `triesLeft` goes with a wrong one. */
export type CodeFault =
  | { fault: 'settled' | 'otherBrowser' | 'malformed' | 'expired' | 'usedUp' }
  | { fault: 'wrong'; triesLeft: number };

type Tried = CodeFault | { fault: null; sealedCode: string };

/**
 * Takes the code of a mail as the proof that somebody reads the mailbox. Only the browser that sent the form has tries, so
 * that nobody can use up those of somebody else.
 *
 * @param typed as it was posted
 * @param browser of whoever types; null when it is not known
 * @returns the token of the status page that goes on, or what is wrong with the code
 */
export async function enterCode(
  deps: Deps,
  request: RequestRow,
  typed: unknown,
  browser: Buffer | null,
): Promise<{ token: string } | CodeFault> {
  if (awaitedKind(deps, request) !== 'mailbox') return { fault: 'settled' };
  const challenge = browser && (await findChallenge(deps.store.db, request.id, browser));
  if (!browser || !challenge?.bound) return { fault: 'otherBrowser' };
  const code = readCode(typed);
  if (code === null) return { fault: 'malformed' };
  const tried = await deps.store.db
    .transaction()
    .execute((trx) => tryCode(deps, trx, request.id, code, browser));
  if (tried.fault !== null) {
    deps.log.info({ requestId: request.id, fault: tried.fault }, 'code refused');
    return tried;
  }
  const proof = { kind: 'mailbox', at: new Date().toISOString(), browser: browser.toString('hex') } as const;
  try {
    return await prove(deps, request.id, proof, (trx) => useUpChallenge(trx, tried));
  } catch (error) {
    // Sent twice: the first has made the proof.
    if (error instanceof PublicError) return { fault: 'settled' };
    throw error;
  }
}

/** Compares a code at the price of a try, which stays spent whatever follows. */
async function tryCode(
  deps: Deps,
  trx: Db,
  requestId: string,
  code: string,
  browser: Buffer,
): Promise<Tried> {
  const spent = await spendTry(trx, requestId, browser);
  if (!spent) return { fault: 'usedUp' };
  const { sealedCode, live, triesLeft } = spent;
  if (sealedCode !== null && live && isCode(deps.config, requestId, code, sealedCode)) {
    return { fault: null, sealedCode };
  }
  if (triesLeft === 0) {
    await insertAuditEvent(trx, {
      requestId,
      actor: 'partner',
      action: 'proof.failed',
      detail: { kind: 'mailbox', why: 'tries' },
    });
    return { fault: 'usedUp' };
  }
  return sealedCode !== null && !live ? { fault: 'expired' } : { fault: 'wrong', triesLeft };
}
