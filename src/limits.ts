import type { Config } from './config.js';

/** The windows, tries and deadlines of a deployment; tests set shorter ones. */
export type Limits = {
  /** How long a worker that has fallen silent keeps a request. */
  leaseSeconds: number;
  /** How long a step of provisioning, or the sending of a notice, may take; a stop shortens it. */
  stepSeconds: number;
  /** How long a failed step waits before its second attempt; each further attempt waits twice as long. */
  backoffSeconds: number;
  /** How long the directory may take to show the guest of an invitation that got no answer. */
  unansweredInvitationSeconds: number;
  /** How long the directory may take to replicate a new guest everywhere. */
  replicationSeconds: number;
  /** How long a step is repeated before it is given up. */
  giveUpSeconds: number;
  /** How old a signed-in person's rights may be. */
  rightsSeconds: number;
  /** How old they may be while Entra does not answer. */
  rightsStaleSeconds: number;
  /** The pace of runs: rows at once over all instances, rows that are begun in a minute, and mails a minute. */
  bulk: { width: number; perMinute: number; mailsPerMinute: number };
  /** After how long without a request a session ends. */
  idleSeconds: number;
  /** How long a sign-in lasts at most. */
  absoluteSeconds: number;
  /** The least time between two mails to one mailbox that a stranger can cause; it doubles with each mail of a day. */
  mailWindowSeconds: number;
  /** The longest such window. */
  longestMailWindowSeconds: number;
  /** The most sign-ups a minute, over all instances. */
  signUpsPerMinute: number;
  /** How long a mailed code or link is valid. */
  codeSeconds: number;
  /** How long a request waits for its proof. */
  lapseSeconds: number;
  /** A form that comes back faster counts as filled in by a program. */
  fillSeconds: number;
  /** How long a stopping process goes on answering, so that balancers notice. */
  turnAwaySeconds: number;
  /** A background loop without a beat for longer is stuck. */
  stuckSeconds: number;
  /** If a request has been due for longer, the queue stands still. */
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
  bulk: { width: 8, perMinute: 1_800, mailsPerMinute: 30 },
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
 * Only production distrusts fast forms, because scripts and rehearsals fill in forms at once, and only there a balancer is in
 * front of the process.
 */
export function limitsIn({
  production,
  bulk = LIMITS.bulk,
}: Pick<Config, 'production'> & Partial<Pick<Config, 'bulk'>>): Limits {
  return { ...LIMITS, bulk, ...(production && { fillSeconds: 2, turnAwaySeconds: 5 }) };
}
