import type { Config } from './config.js';

/** How patient the portal is, with Microsoft's directory and with people; tests are in more of a hurry. */
export type Patience = {
  /** How long a worker that falls silent keeps a request. */
  leaseSeconds: number;
  /** How long the first repetition of a failed step waits; each further one waits twice as long as the one before. */
  backoffSeconds: number;
  /** How long the directory may take to show whether an unanswered invitation went through. */
  settleSeconds: number;
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
  /** As long as that gets. */
  longestMailWindowSeconds: number;
  /** The most sign-ups a minute, from whomever. */
  signUpsPerMinute: number;
  /** How long a mailed code or link counts. */
  codeSeconds: number;
  /** How long a request waits for its proof. */
  lapseSeconds: number;
  /** Who fills in the form in less time is taken for a program. */
  fillSeconds: number;
  /** How long a stop goes on answering, for balancers to notice it. */
  turnAwaySeconds: number;
  /** A loop of the worker that is not heard of for so long is stuck. */
  stuckSeconds: number;
  /** Work that has been due for longer shows that the queue stands still. */
  standstillSeconds: number;
};

export const PATIENCE: Patience = {
  leaseSeconds: 15,
  backoffSeconds: 1,
  settleSeconds: 120,
  replicationSeconds: 900,
  giveUpSeconds: 24 * 3600,
  rightsSeconds: 5 * 60,
  rightsStaleSeconds: 15 * 60,
  idleSeconds: 30 * 60,
  absoluteSeconds: 8 * 3600,
  mailWindowSeconds: 5 * 60,
  longestMailWindowSeconds: 4 * 3600,
  // Three times what the busiest launch is to carry (200); more would be mails and guests for the sake of a flood.
  signUpsPerMinute: 600,
  codeSeconds: 10 * 60,
  lapseSeconds: 24 * 3600,
  fillSeconds: 0,
  turnAwaySeconds: 0,
  // Each goes round every few seconds, and no statement may take longer.
  stuckSeconds: 45,
  standstillSeconds: 5 * 60,
};

/**
 * Scripts and rehearsals fill in forms at once, so only in production is that a sign of a program; and whoever presses Ctrl+C
 * has no balancer in front.
 */
export function patienceIn({ production }: Pick<Config, 'production'>): Patience {
  return production ? { ...PATIENCE, fillSeconds: 2, turnAwaySeconds: 5 } : PATIENCE;
}
