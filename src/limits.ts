import type { Config } from './config.js';

/** The windows, tries and deadlines of a deployment; tests set shorter ones. */
export type Limits = {
  /** How long a worker that falls silent keeps a request. */
  leaseSeconds: number;
  /** How long one step of provisioning, or the sending of one notice, may take; a stop shortens it. */
  stepSeconds: number;
  /** How long the first repetition of a failed step waits; each further one waits twice as long as the one before. */
  backoffSeconds: number;
  /** How long the directory may take to show whether an unanswered invitation went through. */
  unansweredInvitationSeconds: number;
  /** How long the directory may take to know a new guest everywhere. */
  replicationSeconds: number;
  /** How long a step is repeated before it is given up. */
  giveUpSeconds: number;
  /** How old may be what a signed-in person is allowed to do. */
  rightsSeconds: number;
  /** How long it stays in force where Entra does not answer. */
  rightsStaleSeconds: number;
  /** How long a signed-in person may do nothing. */
  idleSeconds: number;
  /** How long a sign-in lasts at most. */
  absoluteSeconds: number;
  /** The least time between two mails that a stranger can bring about in one mailbox; it doubles with each of a day. */
  mailWindowSeconds: number;
  /** The longest that this window becomes. */
  longestMailWindowSeconds: number;
  /** The most sign-ups a minute, over all instances. */
  signUpsPerMinute: number;
  /** How long a mailed code or link counts. */
  codeSeconds: number;
  /** How long a request waits for its proof. */
  lapseSeconds: number;
  /** A form that is filled in faster was filled in by a program. */
  fillSeconds: number;
  /** How long a stop goes on answering, for balancers to notice it. */
  turnAwaySeconds: number;
  /** A background loop that has not gone round for so long is stuck. */
  stuckSeconds: number;
  /** Work that has been due for longer shows that the queue stands still. */
  standstillSeconds: number;
};

export const LIMITS: Limits = {
  leaseSeconds: 15,
  stepSeconds: 30,
  backoffSeconds: 1,
  unansweredInvitationSeconds: 120,
  replicationSeconds: 900,
  giveUpSeconds: 24 * 3600,
  rightsSeconds: 5 * 60,
  rightsStaleSeconds: 15 * 60,
  idleSeconds: 30 * 60,
  absoluteSeconds: 8 * 3600,
  mailWindowSeconds: 5 * 60,
  longestMailWindowSeconds: 4 * 3600,
  // Three times what a busy launch has to carry (200); more would be a flood.
  signUpsPerMinute: 600,
  codeSeconds: 10 * 60,
  lapseSeconds: 24 * 3600,
  fillSeconds: 0,
  turnAwaySeconds: 0,
  // Longer than a step, and than a statement may take.
  stuckSeconds: 45,
  standstillSeconds: 5 * 60,
};

/**
 * Scripts and rehearsals fill in forms at once, so only in production does that show a program; and a process that is stopped
 * by Ctrl+C has no balancer in front of it.
 */
export function limitsIn({ production }: Pick<Config, 'production'>): Limits {
  return production ? { ...LIMITS, fillSeconds: 2, turnAwaySeconds: 5 } : LIMITS;
}
