import type { ProblemCode } from '../store/problemCodes.js';
import type { RequestRow, RequestState } from '../store/schema.js';

/** What a problem means for each of those who wait, and for those who can do something about it. */
export type ProblemRow = {
  /** The state of a request that has this problem. */
  state: RequestState;
  /** What everybody but the owner of the mailbox reads; the owner reads the problem itself. */
  others: 'queued' | 'pending' | 'answered' | 'delayed' | 'denied' | 'lapsed';
  /** Whether the owner is mailed the reason. Only with an own mailer; Microsoft mails none. */
  mailed: boolean;
  /** What staff can do: `mend` its cause in the tenant, the policy or the mail server first, then retry. */
  staff: 'nothing' | 'wait' | 'retry' | 'mend' | 'approve';
};

const row = (
  state: RequestState,
  others: ProblemRow['others'],
  staff: ProblemRow['staff'],
  mailed = false,
): ProblemRow => ({ state, others, mailed, staff });

/**
 * The one table of problems. Nobody may be left without an answer: what ends `answered` for others has been mailed to the
 * owner, and all else that stops a request shows as `delayed` and has something for staff to do.
 */
export const PROBLEMS: Record<ProblemCode, ProblemRow> = {
  existingMember: row('denied', 'answered', 'nothing', true),
  ownDomain: row('denied', 'answered', 'nothing', true),
  groupAddress: row('denied', 'answered', 'nothing', true),
  addressRefused: row('denied', 'answered', 'nothing', true),
  guestBlocked: row('held', 'answered', 'retry', true),
  ambiguousGuest: row('held', 'answered', 'retry', true),
  crossTenantBlocked: row('held', 'answered', 'mend', true),
  invitationsOff: row('held', 'answered', 'mend', true),
  // A resend found nobody; the request itself is over.
  guestGone: row('provisioned', 'answered', 'nothing'),

  permissionMissing: row('held', 'delayed', 'mend'),
  groupUnusable: row('held', 'delayed', 'mend'),
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
  mailUnavailable: row('queued', 'delayed', 'wait'),
  mailRefused: row('held', 'delayed', 'retry'),
  mailUnconfirmed: row('provisioned', 'answered', 'nothing'),

  policyChanged: row('denied', 'denied', 'nothing'),
  heldByReviewer: row('held', 'delayed', 'approve'),
  deniedByReviewer: row('denied', 'denied', 'nothing'),
  selfApproval: row('held', 'delayed', 'approve'),
  superseded: row('lapsed', 'lapsed', 'nothing'),
  erased: row('lapsed', 'lapsed', 'nothing'),
};

/** The row of a code, also of one that another version of the portal has stored. */
export function meaningOf(code: string): ProblemRow {
  return Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code as ProblemCode] : PROBLEMS.internal;
}

type Ended = Pick<RequestRow, 'state' | 'problem'>;

/** Whether a request has stopped for a reason that the owner of the mailbox is mailed, and nobody else reads. */
export function isForOwner({ state, problem }: Ended): boolean {
  const stopped = state === 'denied' || state === 'held' || state === 'failed';
  return stopped && problem !== null && meaningOf(problem.code).mailed;
}
