import type { RequestRow } from '../../store/schema.js';
import type { Viewer } from './viewer.js';

/** Says when something that happened at a moment is shown to have happened. */
export type ShownAt = (at: Date) => Date;

/** What a person took days for is not played back in days: the invitation is in the mailbox all the while. */
const LONGEST_MS = 15 * 60_000;

/**
 * Whoever posts an address that has a request already gets that request's page. It must not tell them that somebody was
 * there before: what had happened until they asked happens again for them, as fast as it did. What happened since is shown
 * as it was.
 */
export function replay(request: Pick<RequestRow, 'created_at' | 'asked_at'>, viewer: Viewer): ShownAt {
  const { created_at: begun, asked_at: asked } = request;
  if (viewer !== 'stranger' || asked === null) return (at) => at;
  return (at) => {
    if (at >= asked) return at;
    const after = Math.min(Math.max(0, at.getTime() - begun.getTime()), LONGEST_MS);
    return new Date(asked.getTime() + after);
  };
}
