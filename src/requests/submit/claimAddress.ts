import type { AuditEvent } from '../../store/auditEvents.js';
import type { MailLimits } from '../../store/mailboxes.js';
import type { Db, RequestRow } from '../../store/schema.js';
import { findStandingRequest, insertRequest, type RequestToInsert } from '../../store/submissions.js';

/** Whoever signs up again in this time after their request ended is led to that one, and nothing is done twice. */
export const QUIET_SECONDS = 15 * 60;

/** The address got another request, or lost the one it had, between two statements: the transaction is to be tried again. */
export class Overtaken extends Error {}

/**
 * Inserts a request and the event that records it, unless another one of the same address stands in its way.
 *
 * @param mails within which limits a mail to the address is to be reserved for it; null: none is
 * @returns in how many seconds it may be worked on, or the request in its way
 * @throws Overtaken
 */
export async function claimAddress(
  trx: Db,
  request: RequestToInsert & { id: string },
  event: Omit<AuditEvent, 'requestId'>,
  mails: MailLimits | null,
): Promise<{ standing: null; waitSeconds: number } | { standing: RequestRow }> {
  const inserted = await insertRequest(trx, request, event, QUIET_SECONDS, mails);
  if (!inserted) {
    const standing = await findStandingRequest(trx, request, QUIET_SECONDS);
    if (!standing) throw new Overtaken();
    return { standing };
  }
  const waitSeconds = Math.max(0, inserted.mailInSeconds);
  // A request that was being provisioned at that very moment escapes the insertion, and shows itself afterwards. The end of
  // each provisioning notes its mail, so whoever may write to the mailbox at once need not look.
  const needsNoLook =
    request.state === 'denied' || request.state === 'unproven' || (mails && waitSeconds === 0);
  if (!needsNoLook && (await findStandingRequest(trx, request, QUIET_SECONDS))) throw new Overtaken();
  return { standing: null, waitSeconds };
}
