import type { Deps } from '../../deps.js';
import type { Mailer } from '../../mail/mailer.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { beginNotice, endNotice, skipNotice } from '../../store/noticeLeases.js';
import { countBegun, extendSummary, insertSummary, lockRecipient } from '../../store/noticeSummaries.js';
import type { Db, NoticeRow, Problem } from '../../store/schema.js';
import type { Audience } from './audience.js';
import { prepare, type Ready } from './prepare.js';

/** The most mails about single requests that a person gets in a window; after them one summary goes out. */
const MOST_MAILS = 20;
const WINDOW_SECONDS = 3600;

/**
 * Sends one mail at most. A note is stored before the mail goes out; a later attempt that finds it cannot know whether the
 * mail arrived, and sends no other.
 *
 * @throws {MailFault} {GraphFault}
 */
export async function deliver(
  deps: Deps,
  notice: NoticeRow,
  { mailer, audience, signal }: { mailer: Mailer; audience: Audience; signal: AbortSignal },
): Promise<void> {
  const { db } = deps.store;
  const ready = await prepare(deps, audience, notice);
  if (typeof ready === 'string') {
    await skipNotice(db, notice, ready);
    return;
  }
  if (!(await begin(db, notice, ready))) return;
  await mailer.send({ ...ready.message, messageId: messageIdOf(deps, notice) }, signal);
  await finish(deps, notice, { state: 'sent', count: ready.count });
}

/** How a mail ended, and how many requests it was about. */
type Ending = { state: 'sent' | 'unconfirmed' | 'failed'; count?: number; problem?: Problem | null };

/** Records how a mail ended, and the audit event that goes with it. */
export async function finish(
  { store, log }: Deps,
  notice: NoticeRow,
  { state, count = 1, problem = null }: Ending,
): Promise<void> {
  const { id, kind, request_id: requestId } = notice;
  await store.db.transaction().execute(async (trx) => {
    if (!(await endNotice(trx, notice, state, problem))) return;
    await insertAuditEvent(trx, {
      ...(requestId !== null && { requestId }),
      actor: 'portal',
      action: state === 'sent' ? 'notice.sent' : 'notice.failed',
      detail: { notice: id, kind, count, ...(problem && { problem: problem.code }) },
    });
  });
  const logged = { notice: id, kind, requestId, state, problem: problem?.code ?? null };
  log[state === 'sent' ? 'info' : 'warn'](logged, 'notice ended');
}

/** The same for each attempt at a notice, so that mail programs recognise a repeated mail. */
function messageIdOf({ config }: Deps, { id }: NoticeRow): string {
  return `<notice.${id}@${new URL(config.baseUrl).hostname}>`;
}

/**
 * Records that the mail begins to flow. Beyond the most mails an hour it adds the request to a summary instead: a flood of
 * sign-ups must not become a flood of mail. Returns whether to send the mail.
 */
async function begin(db: Db, notice: NoticeRow, { partner, beforeSending }: Ready): Promise<boolean> {
  if (beforeSending) {
    return db.transaction().execute(async (trx) => {
      const begun = await beginNotice(trx, notice);
      if (begun) await beforeSending(trx);
      return begun;
    });
  }
  if (partner === undefined) return beginNotice(db, notice);
  return db.transaction().execute(async (trx) => {
    // Two senders must not both take the last place.
    await lockRecipient(trx, notice.recipient);
    const begun = await countBegun(trx, notice.recipient, WINDOW_SECONDS);
    if (begun < MOST_MAILS) return beginNotice(trx, notice);
    if (!(await skipNotice(trx, notice, 'summary'))) return false;
    const extended = await extendSummary(trx, notice.recipient, partner);
    if (!extended) await insertSummary(trx, notice.recipient, partner, WINDOW_SECONDS);
    return false;
  });
}
