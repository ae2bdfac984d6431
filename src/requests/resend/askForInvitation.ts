import type { Deps } from '../../deps.js';
import { conflict } from '../../errors.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { reserveMail } from '../../store/mailboxes.js';
import { repeatNotice } from '../../store/notices.js';
import { lockRequest, touchRequest } from '../../store/requests.js';
import type { Db, RequestRow, StepRow } from '../../store/schema.js';
import { findSteps } from '../../store/steps.js';
import { findByToken, statusForOthers } from '../follow/follow.js';
import { isToldByMail } from '../follow/ownersOnly.js';
import { viewerOf } from '../follow/viewer.js';
import { queueResend, resend } from './resend.js';

/**
 * Asks for the mail of a request once more, from its status page. Whoever has not shown that the mailbox is theirs gets the
 * same answer whether there is a mail to be repeated or not, and brings about one mail a window at most.
 *
 * @param browser of the viewer; see `http/browserKey.ts`
 * @throws {PublicError} `notFound` for a token that no request has, `conflict` where the page shows no mail yet
 */
export async function askForInvitation(deps: Deps, token: string, browser: Buffer | null): Promise<void> {
  const request = await findByToken(deps, token);
  if (request.anonymised_at) throw conflict();
  const steps = await findSteps(deps.store.db, request.id);
  const viewer = viewerOf(request, browser);
  if (viewer === 'owner') {
    if (request.state !== 'provisioned') throw conflict();
    await resend(deps, request, steps);
    return;
  }
  const { status, resend: shown } = await statusForOthers(deps, request, steps, viewer);
  if (status !== 'provisioned') throw conflict();
  if (!shown.allowed) return;
  await deps.store.db.transaction().execute(async (trx) => {
    const locked = await lockRequest(trx, request.id);
    if (locked.anonymised_at) return;
    const others = { ...deps, store: { ...deps.store, db: trx } };
    // What was seen may have been asked for by somebody else in the meantime.
    if (!(await statusForOthers(others, locked, await findSteps(trx, locked.id), viewer)).resend.allowed)
      return;
    await insertAuditEvent(trx, { requestId: locked.id, actor: 'partner', action: 'request.resend' });
    await repeat(deps, trx, locked);
  });
  deps.bell.announce();
}

/** Repeats what was mailed, when the mailbox may be written to again. */
async function repeat(deps: Deps, trx: Db, request: RequestRow): Promise<void> {
  const { id, address, state } = request;
  await touchRequest(trx, id);
  const at = await reserveMail(trx, address, deps.limits);
  const seconds = Math.max(0, (at.getTime() - Date.now()) / 1000);
  if (isToldByMail(request)) await repeatNotice(trx, 'known', id, at);
  if (state !== 'provisioned') return;
  const steps: StepRow[] = await findSteps(trx, id);
  await queueResend(trx, id, steps, seconds);
}
