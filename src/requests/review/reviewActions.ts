import type { AuditAction } from '../../store/auditActions.js';
import type { RequestState } from '../../store/schema.js';

/** What a person may do with a request besides having a mail sent again. */
export const REVIEW_ACTIONS = ['approve', 'deny', 'retry', 'hold'] as const;
export type ReviewAction = (typeof REVIEW_ACTIONS)[number];

/** From which states an action is open, where it leads, and what the audit trail calls it. */
export const ACTION_TABLE: Record<
  ReviewAction,
  { from: readonly RequestState[]; to: RequestState; event: AuditAction }
> = {
  approve: { from: ['pending', 'held'], to: 'queued', event: 'request.approved' },
  deny: { from: ['unproven', 'pending', 'failed', 'held'], to: 'denied', event: 'request.denied' },
  retry: { from: ['failed', 'held'], to: 'queued', event: 'request.retried' },
  hold: { from: ['pending', 'queued'], to: 'held', event: 'request.held' },
};
