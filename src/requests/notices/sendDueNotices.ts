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
import { backoffSeconds } from '../provision/consequence.js';

/** Mails to the person themselves, who may sit in front of a page: they go first, and nobody need ask Graph whom to tell. */
const TO_APPLICANT: readonly NoticeKind[] = ['proof', 'known', 'denied'];
/** Longer than sending one mail may take, with every wait that the mailer allows. */
const MAIL_LEASE_SECONDS = 120;
const TO_DECIDERS: readonly NoticeKind[] = ['waiting', 'digest'];
/** Longer than looking up the people and sending one mail may take, with every wait that the client and the mailer allow. */
const LEASE_SECONDS = 600;
/** Digests go out after this hour, UTC. */
const DIGEST_HOUR = 8;

export type Addressee = 'applicants' | 'deciders';

/**
 * Sends the mails of the process that are due: tells approvers of waiting requests and partners of denials, and mails what
 * proves a mailbox. Decisions do not wait for it, and nothing that goes wrong here reaches them. Any number of instances may run it at once.
 *
 * @param to whom, so that one loop can write to each: neither then waits for the mails of the other, nor applicants for Graph
 * @param now decides which day's digests are due
 * @throws when the store is down
 */
export async function sendDueNotices(
  deps: Deps,
  {
    to = ['applicants', 'deciders'],
    now = new Date(),
    stopping,
  }: { to?: Addressee[]; now?: Date; stopping?: AbortSignal } = {},
): Promise<void> {
  const { db } = deps.store;
  const toDeciders = to.includes('deciders');
  if (toDeciders && now.getUTCHours() >= DIGEST_HOUR) await planDigests(db, now.toISOString().slice(0, 10));
  const audience = openAudience(deps);
  let graphAnswers = toDeciders;
  while (!stopping?.aborted) {
    const notice =
      (to.includes('applicants') ? await claimNotice(db, MAIL_LEASE_SECONDS, TO_APPLICANT) : undefined) ??
      // Who the approvers are is asked of Graph, which may have told everybody to wait.
      (graphAnswers && (await pauseSecondsLeft(db, 'graph')) === 0
        ? await claimNotice(db, LEASE_SECONDS, TO_DECIDERS)
        : undefined);
    if (!notice) return;
    const silent = await work(deps, audience, notice);
    if (silent === 'mail') return;
    if (silent === 'graph') graphAnswers = false;
  }
}

/** Who does not answer at the moment, so that the next notice would fare no better. */
type Silent = 'mail' | 'graph' | null;

async function work(deps: Deps, audience: Audience, notice: NoticeRow): Promise<Silent> {
  try {
    if (notice.begun_at) await finish(deps, notice, 'unconfirmed', 1, { code: 'mailUnconfirmed' });
    else if (!deps.mailer) await skipNotice(deps.store.db, notice, 'noMailer');
    else if (notice.recipient === APPROVERS) await addressNotice(deps, audience.of, notice);
    else await deliver(deps, deps.mailer, audience, notice);
    return null;
  } catch (error) {
    if (isStoreDown(error) && !(error instanceof GraphFault || error instanceof MailFault)) throw error;
    await settleFault(deps, audience, notice, error);
    return silentAfter(error);
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
  const givenUp = age > deps.patience.giveUpSeconds;
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
function silentAfter(error: unknown): Silent {
  if (error instanceof MailFault) return error.accepted === 'no' && !error.refused ? 'mail' : null;
  return error instanceof GraphFault && !isLasting(error) ? 'graph' : null;
}

async function postpone(deps: Deps, notice: NoticeRow, error: unknown, problem: Problem): Promise<void> {
  const { db } = deps.store;
  const asked = error instanceof GraphFault ? (error.retryAfterSeconds ?? 0) : 0;
  const seconds = Math.max(asked, backoffSeconds(deps.patience.backoffSeconds, notice.attempts));
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
