import { PublicError } from '../../errors.js';
import type { RequestRow } from '../../store/schema.js';
import { ACTION_TABLE, type ReviewAction } from './reviewActions.js';

/**
 * Why an action came to nothing: the request is another one than the person saw (`changed`), the action is not open in its
 * state (`state`), or a worker has it in hands at this moment (`underway`).
 */
export type ConflictReason = 'changed' | 'state' | 'underway';

/** A decision that was not taken, with the request as it stands now, so that a page can show both side by side. */
export class ReviewConflict extends PublicError {
  constructor(
    readonly why: ConflictReason,
    readonly now: RequestRow,
  ) {
    super('conflict', 409);
  }
}

/** What stands between a person and an action on the request that they saw in `version`; nothing, as far as one can see. */
export function conflictOf(
  request: RequestRow,
  action: ReviewAction,
  version: number,
): ReviewConflict | null {
  if (request.version !== version) return new ReviewConflict('changed', request);
  if (!ACTION_TABLE[action].from.includes(request.state)) return new ReviewConflict('state', request);
  return null;
}
