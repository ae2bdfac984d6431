import type { Deps } from '../../deps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { MailFault } from '../../mail/mailer.js';
import { claimNotice, postponeNotice, skipNotice } from '../../store/noticeLeases.js';
import { ANSWER, APPROVERS, planDigests } from '../../store/notices.js';
import { insertPause, pauseSecondsLeft } from '../../store/pauses.js';
import type { NoticeKind, NoticeRow, Problem } from '../../store/schema.js';
import { addressNotice } from './address.js';
import { openAudience, type Audience } from './audience.js';
import { deliver, finish } from './deliver.js';
import { startDeadline, type Deadline } from '../../jobs/deadline.js';
import { createStop, type Stop } from '../../jobs/stop.js';
import { isLasting, problemOf, retrySeconds } from '../problems.js';

/** The applicant may be waiting in front of a page. */
const TO_APPLICANTS: readonly NoticeKind[] = ['proof', ANSWER, 'denied'];
const TO_APPROVERS: readonly NoticeKind[] = ['waiting', 'digest', 'runHalted', 'licences'];
/** Longer than the sending of one notice may take; see `limits.stepSeconds`. */
const LEASE_SECONDS = 60;
/** Digests go out after this hour, UTC. */
const DIGEST_HOUR = 8;

export type Addressee = 'applicants' | 'approvers';

/**
 * Sends the notices that are due: waiting requests to approvers, denials and mailbox proofs to applicants. Decisions do not
 * wait for it, and no fault here affects them. Any number of instances may run it at once.
 *
 * @param to lets each of two loops send one kind: applicants wait neither for mails to approvers nor for Graph
 * @param now decides which day's digests are due
 * @param beat called before each notice
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
  while (!stop.requested.aborted && (await pauseSecondsLeft(db, ['mail'])) === 0) {
    beat();
    const notice =
      (to.includes('applicants') ? await claimNotice(db, LEASE_SECONDS, TO_APPLICANTS) : undefined) ??
      // Only Graph lists the approvers, and it may have demanded a pause.
      (graphAnswers && (await pauseSecondsLeft(db, ['graph'])) === 0
        ? await claimNotice(db, LEASE_SECONDS, TO_APPROVERS)
        : undefined);
    if (!notice) return;
    const deadline = startDeadline(deps.limits.stepSeconds, [stop.overdue]);
    signal = deadline.signal;
    const unavailable = await send(deps, audience, notice, deadline).finally(() => {
      deadline.clear();
    });
    if (unavailable === 'mail') return;
    if (unavailable === 'graph') graphAnswers = false;
  }
}

/** The service that does not answer at the moment: the next notice would fail too. */
type Unavailable = 'mail' | 'graph' | null;

async function send(
  deps: Deps,
  audience: Audience,
  notice: NoticeRow,
  deadline: Deadline,
): Promise<Unavailable> {
  try {
    if (notice.begun_at)
      await finish(deps, notice, { state: 'unconfirmed', problem: { code: 'mailUnconfirmed' } });
    else if (!deps.mailer) await skipNotice(deps.store.db, notice, 'noMailer');
    else if (notice.recipient === APPROVERS) await addressNotice(deps, audience.findApprovers, notice);
    else {
      await deliver(deps, notice, { mailer: deps.mailer, audience, signal: deadline.signal });
      deps.targets.answered('mail');
    }
    return null;
  } catch (error) {
    if (deadline.passed() && error instanceof MailFault) await deps.targets.timedOut('mail');
    await recordFault(deps, audience, notice, error);
    return unavailableAfter(error);
  }
}

/** Ends the notice, puts it off, or addresses it to the reviewers where Graph cannot list the approvers. */
async function recordFault(deps: Deps, audience: Audience, notice: NoticeRow, error: unknown): Promise<void> {
  const problem = problemOf(error);
  if (problem.code === 'internal')
    deps.log.error({ err: error, notice: notice.id }, 'a notice failed unexpectedly');
  if (error instanceof MailFault && error.accepted === 'unknown') {
    const unconfirmed = { code: 'mailUnconfirmed', detail: error.message } as const;
    await finish(deps, notice, { state: 'unconfirmed', problem: unconfirmed });
    return;
  }
  const age = (Date.now() - notice.created_at.getTime()) / 1000;
  const givenUp = age > deps.limits.giveUpSeconds;
  if (notice.recipient === APPROVERS && error instanceof GraphFault && (givenUp || isLasting(error))) {
    deps.log.error(
      { notice: notice.id, kind: notice.kind, requestId: notice.request_id, problem: problem.code },
      'approvers cannot be looked up: the reviewers are mailed instead',
    );
    await addressNotice(deps, audience.findReachableApprovers, notice);
  } else if (givenUp || (error instanceof MailFault && isLasting(error))) {
    await finish(deps, notice, { state: 'failed', problem });
  } else {
    await postpone(deps, notice, error, problem);
  }
}

/** A server that refuses one mail may accept the next one, and Graph may find the next approver. */
function unavailableAfter(error: unknown): Unavailable {
  if (error instanceof MailFault) return error.accepted === 'no' && !error.refused ? 'mail' : null;
  return error instanceof GraphFault && !isLasting(error) ? 'graph' : null;
}

async function postpone(deps: Deps, notice: NoticeRow, error: unknown, problem: Problem): Promise<void> {
  const { db } = deps.store;
  const seconds = retrySeconds(deps.limits.backoffSeconds, notice.attempts, error);
  if (error instanceof GraphFault && error.kind === 'throttled') await insertPause(db, 'graph', seconds);
  if (notice.attempts === 1) {
    deps.log.warn({ notice: notice.id, kind: notice.kind, problem: problem.code }, 'notice postponed');
  }
  // Another fault may have happened before or after the mail.
  await postponeNotice(db, notice, { seconds, problem, refused: error instanceof MailFault });
}
