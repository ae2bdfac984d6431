import type { Deps } from '../../deps.js';
import type { Mailer } from '../../mail/mailer.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { beginNotice, endNotice, skipNotice } from '../../store/noticeLeases.js';
import {
  countBegun,
  countWaiting,
  extendSummary,
  insertSummary,
  lockRecipient,
} from '../../store/noticeSummaries.js';
import { APPLICANT } from '../../store/notices.js';
import { findRequest } from '../../store/requests.js';
import type { Db, NoticeRow, Problem, SkipReason } from '../../store/schema.js';
import { isForOwner } from '../problems.js';
import type { Audience, Recipient } from './audience.js';
import { composeDenied, composeDigest, composeKnown, composeWaiting, type Message } from './compose.js';
import { findWaiting } from './findWaiting.js';
import { prepareProof } from './prepareProof.js';

/** Most mails about single requests that a person gets in a window; of what comes beyond them they get one summary. */
const MOST_MAILS = 20;
const WINDOW_SECONDS = 3600;

/**
 * A mail that is ready to go; `count` is the number of requests that it tells of, `alongside` what has to be stored before
 * it goes.
 */
export type Ready = {
  message: Message;
  count: number;
  partner?: string | null;
  alongside?: (trx: Db) => Promise<void>;
};

/**
 * Sends one mail at most: that it is about to go out is noted first, and whoever finds that note cannot know whether it
 * arrived.
 *
 * @throws {MailFault} {GraphFault}
 */
export async function deliver(
  deps: Deps,
  mailer: Mailer,
  audience: Audience,
  notice: NoticeRow,
  signal: AbortSignal,
): Promise<void> {
  const { db } = deps.store;
  const ready = await prepare(deps, audience, notice);
  if (typeof ready === 'string') {
    await skipNotice(db, notice, ready);
    return;
  }
  if (!(await begin(db, notice, ready))) return;
  await mailer.send({ ...ready.message, messageId: messageIdOf(deps, notice) }, signal);
  await finish(deps, notice, 'sent', ready.count);
}

/** Records how a mail ended, and the audit event that goes with it. */
export async function finish(
  { store, log }: Deps,
  notice: NoticeRow,
  state: 'sent' | 'unconfirmed' | 'failed',
  count: number,
  problem: Problem | null = null,
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

/** The same for each attempt at a notice, so for each person and day of a digest: a repeated mail can be told. */
function messageIdOf({ config }: Deps, { id }: NoticeRow): string {
  return `<notice.${id}@${new URL(config.baseUrl).hostname}>`;
}

async function prepare(deps: Deps, audience: Audience, notice: NoticeRow): Promise<Ready | SkipReason> {
  if (notice.recipient === APPLICANT) return prepareForApplicant(deps, notice);
  const recipient = await audience.find(notice.recipient);
  if (!recipient) return 'gone';
  return notice.kind === 'digest'
    ? prepareDigest(deps, recipient, notice)
    : prepareWaiting(deps, recipient, notice);
}

async function prepareForApplicant(
  deps: Deps,
  { kind, request_id: id }: NoticeRow,
): Promise<Ready | SkipReason> {
  const request = id === null ? undefined : await findRequest(deps.store.db, id);
  if (request && kind === 'proof') return prepareProof(deps, request);
  if (request && kind === 'known') {
    if (!isForOwner(request) || !request.problem) return 'decided';
    return { message: await composeKnown(deps, request, request.problem.code), count: 1 };
  }
  if (request?.state !== 'denied') return 'decided';
  return { message: await composeDenied(deps, request), count: 1 };
}

async function prepareWaiting(
  deps: Deps,
  recipient: Recipient,
  notice: NoticeRow,
): Promise<Ready | SkipReason> {
  const request = await findWaiting(deps, notice);
  if (!request) return 'decided';
  return {
    message: await composeWaiting(deps, recipient, request),
    count: 1,
    partner: request.partner,
  };
}

async function prepareDigest(
  deps: Deps,
  recipient: Recipient,
  { partners }: NoticeRow,
): Promise<Ready | SkipReason> {
  const waiting = await countWaiting(deps.store.db, partners ?? [], recipient.addresses);
  if (waiting.length === 0) return 'nothingWaiting';
  const count = waiting.reduce((sum, one) => sum + one.count, 0);
  return { message: await composeDigest(deps, recipient, waiting), count };
}

/**
 * Notes that the mail begins to flow. Of too many about single requests it makes a line of a summary instead: a flood of
 * sign-ups must not become a flood of mail. Returns whether the mail is to be sent.
 */
async function begin(db: Db, notice: NoticeRow, { partner, alongside }: Ready): Promise<boolean> {
  if (alongside) {
    return db.transaction().execute(async (trx) => {
      const begun = await beginNotice(trx, notice);
      if (begun) await alongside(trx);
      return begun;
    });
  }
  if (partner === undefined) return beginNotice(db, notice);
  return db.transaction().execute(async (trx) => {
    // Several senders must not each find the last place free.
    await lockRecipient(trx, notice.recipient);
    const begun = await countBegun(trx, notice.recipient, WINDOW_SECONDS);
    if (begun < MOST_MAILS) return beginNotice(trx, notice);
    if (!(await skipNotice(trx, notice, 'summary'))) return false;
    const extended = await extendSummary(trx, notice.recipient, partner);
    if (!extended) await insertSummary(trx, notice.recipient, partner, WINDOW_SECONDS);
    return false;
  });
}
