import type { Deps } from '../../deps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { MailFault } from '../../mail/mailer.js';
import { isStoreDown } from '../../store/database.js';
import { claimNotice, postponeNotice, skipNotice } from '../../store/noticeLeases.js';
import { APPROVERS, planDigests } from '../../store/notices.js';
import { insertPause, pauseSecondsLeft } from '../../store/pauses.js';
import type { NoticeKind, NoticeRow, Problem } from '../../store/schema.js';
import { addressNotice } from './address.js';
import { openAudience, type Audience } from './audience.js';
import { deliver, finish } from './deliver.js';
import { startDeadline, type Deadline } from '../../jobs/deadline.js';
import { createStop, type Stop } from '../../jobs/stop.js';
import { backoffSeconds } from '../provision/consequence.js';

/** Notices to the applicant, who may sit in front of a page. */
const TO_APPLICANTS: readonly NoticeKind[] = ['proof', 'known', 'denied'];
const TO_APPROVERS: readonly NoticeKind[] = ['waiting', 'digest'];
/** Longer than one notice may take; see `limits.stepSeconds`. */
const LEASE_SECONDS = 60;
/** Digests go out after this hour, UTC. */
const DIGEST_HOUR = 8;

export type Addressee = 'applicants' | 'approvers';

/**
 * Sends the notices that are due: tells approvers of waiting requests and applicants of denials, and mails what proves a
 * mailbox. Decisions do not wait for it, and nothing that goes wrong here reaches them. Any number of instances may run it at
 * once.
 *
 * @param to whom, so that one loop can write to each: applicants wait neither for mails to approvers nor for Graph
 * @param now decides which day's digests are due
 * @param beat is called before each notice
 * @throws when the store is down
 */
export async function sendDueNotices(
  deps: Deps,
  {
    to = ['applicants', 'approvers'],
    now = new Date(),
    stop = createStop(),
    beat = () => undefined,
  }: { to?: Addressee[]; now?: Date; stop?: Stop; beat?: () => void } = {},
): Promise<void> {
  const { db } = deps.store;
  const toApprovers = to.includes('approvers');
  if (toApprovers && now.getUTCHours() >= DIGEST_HOUR) await planDigests(db, now.toISOString().slice(0, 10));
  let signal = stop.overdue;
  const audience = openAudience(deps, () => signal);
  let graphAnswers = toApprovers;
  while (!stop.asked.aborted && (await pauseSecondsLeft(db, ['mail'])) === 0) {
    beat();
    const notice =
      (to.includes('applicants') ? await claimNotice(db, LEASE_SECONDS, TO_APPLICANTS) : undefined) ??
      // Who the approvers are is a question to Graph, which may have asked for a pause.
      (graphAnswers && (await pauseSecondsLeft(db, ['graph'])) === 0
        ? await claimNotice(db, LEASE_SECONDS, TO_APPROVERS)
        : undefined);
    if (!notice) return;
    const deadline = startDeadline(deps.limits.stepSeconds, [stop.overdue]);
    signal = deadline.signal;
    const unavailable = await work(deps, audience, notice, deadline).finally(() => {
      deadline.clear();
    });
    if (unavailable === 'mail') return;
    if (unavailable === 'graph') graphAnswers = false;
  }
}

/** What does not answer at the moment, so that the next notice would fare no better. */
type Unavailable = 'mail' | 'graph' | null;

async function work(
  deps: Deps,
  audience: Audience,
  notice: NoticeRow,
  deadline: Deadline,
): Promise<Unavailable> {
  try {
    if (notice.begun_at) await finish(deps, notice, 'unconfirmed', 1, { code: 'mailUnconfirmed' });
    else if (!deps.mailer) await skipNotice(deps.store.db, notice, 'noMailer');
    else if (notice.recipient === APPROVERS) await addressNotice(deps, audience.of, notice);
    else {
      await deliver(deps, deps.mailer, audience, notice, deadline.signal);
      deps.rests.answered('mail');
    }
    return null;
  } catch (error) {
    if (isStoreDown(error) && !(error instanceof GraphFault || error instanceof MailFault)) throw error;
    if (deadline.passed() && error instanceof MailFault) await deps.rests.timedOut('mail');
    await settleFault(deps, audience, notice, error);
    return unavailableAfter(error);
  }
}

/** Settles what went wrong: for good, for nobody knows, or until later. */
async function settleFault(deps: Deps, audience: Audience, notice: NoticeRow, error: unknown): Promise<void> {
  const problem = problemOf(error);
  if (problem.code === 'internal')
    deps.log.error({ err: error, notice: notice.id }, 'a notice failed unexpectedly');
  if (error instanceof MailFault && error.accepted === 'unknown') {
    await finish(deps, notice, 'unconfirmed', 1, { code: 'mailUnconfirmed', detail: error.message });
    return;
  }
  const age = (Date.now() - notice.created_at.getTime()) / 1000;
  const givenUp = age > deps.limits.giveUpSeconds;
  if (notice.recipient === APPROVERS && error instanceof GraphFault && (givenUp || isLasting(error))) {
    deps.log.error(
      { notice: notice.id, kind: notice.kind, requestId: notice.request_id, problem: problem.detail },
      'approvers cannot be looked up: the reviewers are told in their place',
    );
    await addressNotice(deps, audience.ofKnown, notice);
  } else if (givenUp || (error instanceof MailFault && error.permanent)) {
    await finish(deps, notice, 'failed', 1, problem);
  } else {
    await postpone(deps, notice, error, problem);
  }
}

/** Graph's answer will be the same until somebody changes the portal's permissions, or the policy. */
function isLasting({ kind }: GraphFault): boolean {
  return kind === 'forbidden' || kind === 'rejected';
}

/** A server that refuses a mail may take the next one, and Graph may tell of somebody else. */
function unavailableAfter(error: unknown): Unavailable {
  if (error instanceof MailFault) return error.accepted === 'no' && !error.refused ? 'mail' : null;
  return error instanceof GraphFault && !isLasting(error) ? 'graph' : null;
}

async function postpone(deps: Deps, notice: NoticeRow, error: unknown, problem: Problem): Promise<void> {
  const { db } = deps.store;
  const asked = error instanceof GraphFault ? (error.retryAfterSeconds ?? 0) : 0;
  const seconds = Math.max(asked, backoffSeconds(deps.limits.backoffSeconds, notice.attempts));
  if (error instanceof GraphFault && error.kind === 'throttled') await insertPause(db, 'graph', seconds);
  if (notice.attempts === 1) {
    deps.log.warn({ notice: notice.id, kind: notice.kind, problem: problem.code }, 'notice postponed');
  }
  // Of any other fault nobody knows whether it came before the mail or after it.
  await postponeNotice(db, notice, { seconds, problem, refused: error instanceof MailFault });
}

/** `detail` is for the store only: replies of a mail server come without addresses. */
function problemOf(error: unknown): Problem {
  if (error instanceof MailFault) {
    return { code: error.permanent ? 'mailRefused' : 'mailUnavailable', detail: error.message };
  }
  if (error instanceof GraphFault)
    return { code: 'graphUnavailable', detail: `${error.kind} ${error.code ?? ''}` };
  return { code: 'internal' };
}
