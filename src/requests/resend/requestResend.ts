import type { Deps } from '../../deps.js';
import { conflict } from '../../errors.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { reserveMail } from '../../store/mailboxes.js';
import { repeatAnswer } from '../../store/notices.js';
import { lockRequest, touchRequest } from '../../store/requests.js';
import type { Db, RequestRow } from '../../store/schema.js';
import { findSteps } from '../../store/steps.js';
import { countResend } from '../../store/submissions.js';
import { findByToken, isOwner, statusForOthers } from '../follow/follow.js';
import { isForOwner } from '../problems.js';
import { MOST_RESENDS, queueResend, resend } from './resend.js';

/**
 * Requests the mail of a request once more, from its status page. Everybody but the owner of the mailbox gets the same answer
 * whether or not there is a mail to repeat, and causes at most about one mail a window.
 *
 * @param browser the viewer's; see `http/browserKey.ts`
 * @throws {PublicError} `notFound` for an unknown token, `conflict` if the page shows no mail yet
 */
export async function requestResend(deps: Deps, token: string, browser: Buffer | null): Promise<void> {
  const followed = await findByToken(deps, token);
  const { submission, request } = followed;
  const { db } = deps.store;
  if (request.anonymised_at) throw conflict();
  if (isOwner(followed, browser)) {
    if (request.state !== 'provisioned') throw conflict();
    await resend(deps, request, await findSteps(db, request.id));
    return;
  }
  const { status, resend: permission } = await statusForOthers(deps, followed);
  if (status !== 'answered') throw conflict();
  if (!permission.allowed) return;
  const limits = { most: MOST_RESENDS, windowSeconds: deps.limits.mailWindowSeconds };
  await db.transaction().execute(async (trx) => {
    const locked = await lockRequest(trx, request.id);
    if (locked.anonymised_at || !(await countResend(trx, submission, limits))) return;
    await insertAuditEvent(trx, { requestId: locked.id, actor: 'partner', action: 'request.resend' });
    await repeat(deps, trx, locked);
  });
  deps.bell.announce();
}

/** Queues what was mailed once more, for when the mailbox may get another mail. */
async function repeat(deps: Deps, trx: Db, request: RequestRow): Promise<void> {
  const { id, address, state } = request;
  await touchRequest(trx, id);
  const at = await reserveMail(trx, address, deps.limits);
  if (isForOwner(request)) await repeatAnswer(trx, id, { dueAt: at });
  if (state !== 'provisioned') return;
  const seconds = Math.max(0, (at.getTime() - Date.now()) / 1000);
  await queueResend(trx, id, await findSteps(trx, id), seconds);
}
