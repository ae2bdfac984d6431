import { conflict } from '../errors.js';
import type { RecordedDecision, RequestState } from '../store/schema.js';

/** The states that may follow a state. A state without successors is final. */
export const TRANSITIONS: Record<RequestState, readonly RequestState[]> = {
  unproven: ['queued', 'pending', 'denied', 'lapsed'],
  pending: ['queued', 'held', 'denied', 'lapsed'],
  queued: ['provisioned', 'pending', 'denied', 'failed', 'held', 'lapsed'],
  // The guest was found deleted or blocked.
  provisioned: ['revoked', 'held'],
  // What a run has given may be taken back, whatever became of the rest.
  failed: ['queued', 'denied', 'lapsed', 'revoked'],
  held: ['queued', 'denied', 'lapsed', 'revoked'],
  denied: [],
  lapsed: [],
  revoked: [],
};

/** The state of a new request after a decision. */
export const STATE_AFTER: Record<RecordedDecision['outcome'], RequestState> = {
  invite: 'queued',
  review: 'pending',
  prove: 'unproven',
  deny: 'denied',
};

/** A request may always stay in its state. */
export function mayBecome(from: RequestState, to: RequestState): boolean {
  return from === to || TRANSITIONS[from].includes(to);
}

/** @throws {PublicError} `conflict` when the table forbids it */
export function assertTransition(from: RequestState, to: RequestState): void {
  if (!mayBecome(from, to)) throw conflict();
}
