import type { AuditEvent } from '../../store/auditEvents.js';
import type { MailLimits } from '../../store/mailboxes.js';
import type { Db, RequestRow } from '../../store/schema.js';
import { findStandingRequest, insertRequest, type RequestToInsert } from '../../store/submissions.js';

/** A sign-up within this time after the end of a request joins that request, so that nothing is done twice. */
export const QUIET_SECONDS = 15 * 60;

/** The requests of the address changed between two statements: the transaction has to begin again. */
export class Overtaken extends Error {}

/** Runs a transaction, and repeats it while it is {@link Overtaken}. */
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
 * Inserts a request with its audit event, unless another request of the same address stands in its way.
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
  // The insert misses a request that was provisioned at that moment; it is visible afterwards. Provisioning ends by recording
  // its mail, so there was none if the mailbox may get a mail at once.
  const needsNoLook =
    request.state === 'denied' || request.state === 'unproven' || (mails && waitSeconds === 0);
  if (!needsNoLook && (await findStandingRequest(trx, request, QUIET_SECONDS))) throw new Overtaken();
  return { standing: null, waitSeconds };
}
