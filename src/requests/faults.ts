import { GraphFault } from '../graph/graphFault.js';
import { MailFault } from '../mail/mailer.js';
import { isStoreDown } from '../store/database.js';
import type { ProblemCode } from '../store/problemCodes.js';
import type { Problem } from '../store/schema.js';

const GRAPH_PROBLEMS: Record<GraphFault['kind'], ProblemCode> = {
  throttled: 'throttled',
  forbidden: 'permissionMissing',
  unauthenticated: 'tokenRefused',
  // A guest that was just invited is not known everywhere yet.
  notFound: 'replicating',
  conflict: 'graphUnavailable',
  unavailable: 'graphUnavailable',
  rejected: 'refusedByMicrosoft',
};

/**
 * The problem that an error is for a step or a notice; its `detail` is for staff and holds no address.
 *
 * @throws the error itself when the store is down: nothing could be recorded
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof MailFault) {
    return { code: error.permanent ? 'mailRefused' : 'mailUnavailable', detail: error.message };
  }
  if (error instanceof GraphFault) {
    const detail = `${error.status ?? ''} ${error.code ?? ''} ${error.message}`.trim();
    return { code: GRAPH_PROBLEMS[error.kind], detail };
  }
  if (isStoreDown(error)) throw error;
  return { code: 'internal' };
}

/** Whether the answer stays the same until a person changes a permission, the policy or the address. */
export function isLasting(error: unknown): boolean {
  if (error instanceof MailFault) return error.permanent;
  return error instanceof GraphFault && (error.kind === 'forbidden' || error.kind === 'rejected');
}

const LONGEST_BACKOFF_SECONDS = 300;

/**
 * Seconds before the next attempt: `first`, twice that … 300, give or take a fifth so that retries spread out. Never less
 * than Graph asks for, and never less than our own: a Retry-After of 0 would make a hot loop.
 */
export function retrySeconds(first: number, attempts: number, error: unknown = null): number {
  const backoff = Math.min(LONGEST_BACKOFF_SECONDS, first * 2 ** Math.max(0, attempts - 1));
  const asked = error instanceof GraphFault ? (error.retryAfterSeconds ?? 0) : 0;
  return Math.max(asked, backoff * (0.8 + 0.4 * Math.random()));
}
