import type { AuditEvent } from '../../store/auditEvents.js';
import type { MailLimits } from '../../store/mailboxes.js';
import type { Db, RequestRow } from '../../store/schema.js';
import { findStandingRequest, insertRequest, type RequestToInsert } from '../../store/submissions.js';

/** Who signs up again within this time after their request ended joins that one, and nothing is done twice. */
export const QUIET_SECONDS = 15 * 60;

/** The address got another request, or lost the one it had, between two statements: the transaction has to begin again. */
export class Overtaken extends Error {}

/** Runs a transaction, again for as long as it is {@link Overtaken}. */
export async function retryOvertaken<T>(db: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
    }
  }
}

/**
 * Inserts a request and the event that records it, unless another one of the same address stands in its way.
 *
 * @param mails the limits within which a mail to the address is reserved; null reserves none
 * @returns the seconds until a worker may claim it, or the request in its way
 * @throws Overtaken
 */
export async function claimAddress(
  trx: Db,
  request: RequestToInsert & { id: string },
  event: Omit<AuditEvent, 'requestId'>,
  mails: MailLimits | null,
): Promise<{ standing: null; waitSeconds: number } | { standing: RequestRow }> {
  const inserted = await insertRequest(trx, request, { event, quietSeconds: QUIET_SECONDS, mails });
  if (!inserted) {
    const standing = await findStandingRequest(trx, request, QUIET_SECONDS);
    if (!standing) throw new Overtaken();
    return { standing };
  }
  const waitSeconds = Math.max(0, inserted.mailInSeconds);
  // The insertion misses a request that was being provisioned at that moment; it is visible afterwards. Each provisioning
  // notes its mail at its end, so that there was none where the mailbox may be written to at once.
  const needsNoLook =
    request.state === 'denied' || request.state === 'unproven' || (mails && waitSeconds === 0);
  if (!needsNoLook && (await findStandingRequest(trx, request, QUIET_SECONDS))) throw new Overtaken();
  return { standing: null, waitSeconds };
}
