import { GraphFault } from '../graph/graphFault.js';
import { MailFault } from '../mail/mailer.js';
import { isStoreDown } from '../store/database.js';
import type { ProblemCode } from '../store/problemCodes.js';
import type { RequestRow, RequestState, Problem } from '../store/schema.js';

/** What a problem means for the applicant, for the owner of the mailbox and for staff. */
export type ProblemRow = {
  /** The state of a request that has this problem. */
  state: RequestState;
  /** What everybody but the owner of the mailbox sees; the owner sees the problem itself. */
  others: 'queued' | 'pending' | 'answered' | 'delayed' | 'denied' | 'lapsed';
  /** Whether the owner is mailed the reason. Only with an own mailer; Microsoft mails none. */
  mailed: boolean;
  /** What staff can do: `mend` its cause in the tenant, the policy or the mail server first, then retry. */
  staff: 'nothing' | 'wait' | 'retry' | 'mend' | 'approve' | 'release';
};

const row = (
  state: RequestState,
  others: ProblemRow['others'],
  staff: ProblemRow['staff'],
  mailed = false,
): ProblemRow => ({ state, others, mailed, staff });

/**
 * The one table of problems. Everybody gets an answer: if others see `answered`, the owner has been mailed, and every other
 * problem that stops a request shows as `delayed` and has something for staff to do.
 */
export const PROBLEMS: Record<ProblemCode, ProblemRow> = {
  existingMember: row('denied', 'answered', 'nothing', true),
  ownDomain: row('denied', 'answered', 'nothing', true),
  groupAddress: row('denied', 'answered', 'nothing', true),
  addressRefused: row('denied', 'answered', 'nothing', true),
  guestBlocked: row('held', 'answered', 'retry', true),
  ambiguousGuest: row('held', 'answered', 'retry', true),
  hiddenAccount: row('held', 'answered', 'mend', true),
  crossTenantBlocked: row('held', 'answered', 'mend', true),
  invitationsOff: row('held', 'answered', 'mend', true),
  // A resend found that the guest was deleted after everything was done.
  guestGone: row('held', 'answered', 'retry', true),

  // Microsoft takes our invitations for an attack.
  invitationsBlocked: row('held', 'delayed', 'retry'),
  permissionMissing: row('held', 'delayed', 'mend'),
  sponsorMissing: row('held', 'delayed', 'mend'),
  invitationFailed: row('held', 'delayed', 'retry'),
  groupUnusable: row('held', 'delayed', 'mend'),
  groupRefusesGuests: row('held', 'delayed', 'mend'),
  groupMissing: row('held', 'delayed', 'mend'),
  appUnusable: row('held', 'delayed', 'mend'),
  appMissing: row('held', 'delayed', 'mend'),
  throttled: row('queued', 'delayed', 'wait'),
  graphUnavailable: row('queued', 'delayed', 'wait'),
  tokenRefused: row('queued', 'delayed', 'mend'),
  // The directory takes a moment to know a new guest everywhere.
  replicating: row('queued', 'queued', 'wait'),
  notReplicated: row('failed', 'delayed', 'retry'),
  refusedByMicrosoft: row('failed', 'delayed', 'retry'),
  internal: row('queued', 'delayed', 'wait'),
  gaveUp: row('failed', 'delayed', 'retry'),

  // A mail went to this mailbox a moment ago, and the next has to wait.
  mailWindow: row('queued', 'answered', 'wait'),
  // Many people of one domain sign up: the request waits for its turn.
  paced: row('queued', 'queued', 'release'),
  mailUnavailable: row('queued', 'delayed', 'wait'),
  mailRefused: row('held', 'delayed', 'retry'),
  mailUnconfirmed: row('provisioned', 'answered', 'nothing'),

  policyChanged: row('denied', 'denied', 'nothing'),
  heldByReviewer: row('held', 'delayed', 'approve'),
  deniedByReviewer: row('denied', 'denied', 'nothing'),
  selfApproval: row('held', 'delayed', 'approve'),
  dropped: row('lapsed', 'lapsed', 'nothing'),
  runStopped: row('lapsed', 'lapsed', 'nothing'),
  superseded: row('lapsed', 'lapsed', 'nothing'),
  erased: row('lapsed', 'lapsed', 'nothing'),
};

/** The row of a code. An unknown code, which another version of the portal may have stored, counts as `internal`. */
export function meaningOf(code: string): ProblemRow {
  return Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code as ProblemCode] : PROBLEMS.internal;
}

/** Whether a problem is not the person's: the next person of a run would meet it too. */
export function isOurs({ code }: Problem): boolean {
  if (code === 'hiddenAccount' || code === 'crossTenantBlocked') return false;
  return meaningOf(code).staff === 'mend' || code === 'refusedByMicrosoft' || code === 'invitationsBlocked';
}

/** Whether a problem takes the guest, so that a request that was provisioned is not any more. */
export function losesGuest({ code }: Problem): boolean {
  return code === 'guestGone' || code === 'guestBlocked';
}

type Ended = Pick<RequestRow, 'state' | 'problem'>;

/** Whether a request has stopped for a reason that only the owner of the mailbox learns, by mail. */
export function isForOwner({ state, problem }: Ended): boolean {
  const stopped = state === 'denied' || state === 'held' || state === 'failed';
  return stopped && problem !== null && meaningOf(problem.code).mailed;
}

const GRAPH_PROBLEMS: Record<GraphFault['kind'], ProblemCode> = {
  throttled: 'throttled',
  forbidden: 'permissionMissing',
  unauthenticated: 'tokenRefused',
  notFound: 'graphUnavailable',
  conflict: 'graphUnavailable',
  unavailable: 'graphUnavailable',
  rejected: 'refusedByMicrosoft',
};

/**
 * Turns an error of a step or a notice into a problem; its `detail` is for staff and holds no address.
 *
 * @throws the error itself when the store is down, since nothing could be recorded
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof MailFault) {
    return { code: error.permanent ? 'mailRefused' : 'mailUnavailable', detail: error.message };
  }
  if (error instanceof GraphFault) {
    const { kind, status, code, message, permission } = error;
    const words = [permission, status, code, message].filter((word) => word !== null && word !== '');
    return { code: GRAPH_PROBLEMS[kind], detail: withoutAddresses(words.join(' ')) };
  }
  if (isStoreDown(error)) throw error;
  return { code: 'internal' };
}

/** Graph's words may name the person. */
function withoutAddresses(text: string): string {
  return text.replaceAll(/[^\s'"<>(),;:]+@[^\s'"<>(),;:]+/g, '…');
}

/** Whether the answer stays the same until a person changes a permission, the policy or the address. */
export function isLasting(error: unknown): boolean {
  if (error instanceof MailFault) return error.permanent;
  return error instanceof GraphFault && (error.kind === 'forbidden' || error.kind === 'rejected');
}

const LONGEST_BACKOFF_SECONDS = 300;

/**
 * Seconds before the next attempt: `first`, twice that, and so on up to 300, give or take a fifth so that retries spread out.
 * Never less than Graph demands, and never less than our own back-off: a Retry-After of 0 would make a hot loop.
 */
export function retrySeconds(first: number, attempts: number, error: unknown = null): number {
  const backoff = Math.min(LONGEST_BACKOFF_SECONDS, first * 2 ** Math.max(0, attempts - 1));
  const demanded = error instanceof GraphFault ? (error.retryAfterSeconds ?? 0) : 0;
  return Math.max(demanded, backoff * (0.8 + 0.4 * Math.random()));
}
