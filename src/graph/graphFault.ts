import { types } from 'node:util';
import { codeOf } from '../codeOf.js';

/**
 * What went wrong with a call to Microsoft Graph, sorted by what to do about it.
 *
 * - `throttled`: nothing was processed; wait `retryAfterSeconds`, all workers together
 * - `unavailable`: try again later; `processed` tells whether Graph may have acted nevertheless
 * - `unauthenticated`: our token was refused, or none could be had
 * - `forbidden`: our token lacks a permission
 * - `notFound`, `conflict`: may pass by itself while the directory replicates
 * - `rejected`: the request itself is refused, for good; also with 403, when our token has the permission
 */
export type GraphFaultKind =
  'throttled' | 'unavailable' | 'unauthenticated' | 'forbidden' | 'notFound' | 'conflict' | 'rejected';

type Details = {
  kind: GraphFaultKind;
  status: number | null;
  code: string | null;
  message: string;
  /** Graph's id of the call, for Microsoft's support. */
  requestId: string | null;
  retryAfterSeconds: number | null;
  processed: 'no' | 'unknown';
  /** With `forbidden`: the permission that the token lacks, if it is known. */
  permission?: string | null;
};

export class GraphFault extends Error {
  override name = 'GraphFault';
  readonly kind: GraphFaultKind;
  readonly status: number | null;
  readonly code: string | null;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;
  readonly processed: 'no' | 'unknown';
  readonly permission: string | null;

  constructor(details: Details, cause?: unknown) {
    super(details.message, { cause });
    this.kind = details.kind;
    this.status = details.status;
    this.code = details.code;
    this.requestId = details.requestId;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.processed = details.processed;
    this.permission = details.permission ?? null;
  }
}

/** Longest pause that an answer may impose; a larger figure is a fault of the sender, not a plan. */
const LONGEST_PAUSE_SECONDS = 600;

/**
 * Reads a Retry-After header: seconds, which Graph also sends as a fraction, or an HTTP date (RFC 9110
 * section 10.2.3).
 *
 * @returns seconds between 0 and 600, or null when it is absent or unreadable
 */
export function retryAfterSeconds(header: string | null, now = Date.now()): number | null {
  if (header === null || header.trim() === '') return null;
  const number = Number(header);
  const seconds = Number.isNaN(number) ? (Date.parse(header) - now) / 1000 : number;
  if (Number.isNaN(seconds)) return null;
  return Math.min(LONGEST_PAUSE_SECONDS, Math.max(0, seconds));
}

/** Sorts an answer of Graph with a status of 400 or more. */
export function kindOfAnswer(status: number, code: string | null): GraphFaultKind {
  if (status === 429) return 'throttled';
  // An app without User.Invite.All gets 401 "Unauthorized" from invitations, not 403.
  if (status === 403 || (status === 401 && code === 'Unauthorized')) return 'forbidden';
  if (status === 401) return 'unauthenticated';
  if (status === 404) return 'notFound';
  if (status === 409) return 'conflict';
  if (status === 408 || status >= 500) return 'unavailable';
  return 'rejected';
}

/** Failures that happen before a request leaves the machine (getaddrinfo, connect, TLS). */
const NEVER_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/;

/** Whether a failed exchange may have been processed by the other side nevertheless. */
export function mayBeProcessed(failure: unknown): 'no' | 'unknown' {
  for (let cause = failure; types.isNativeError(cause); cause = cause.cause) {
    if (NEVER_SENT.test(codeOf(cause))) return 'no';
  }
  return 'unknown';
}

/** What a call gives; null when Graph says that there is no such thing. */
export async function unlessMissing<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof GraphFault && error.kind === 'notFound') return null;
    throw error;
  }
}
