import { covers, type Access, type Person } from '../../access/access.js';
import type { Decision } from '../../policy/decision.js';
import type { AuditAction } from '../../store/auditEvents.js';
import type { RequestRow, RequestState, StepRow } from '../../store/schema.js';
import { mayResend, type MailWindow, type ResendPermission } from '../resend/resend.js';

/** What an approver may decide about a request. A resend decides nothing. */
export const REVIEW_ACTIONS = ['approve', 'deny', 'retry', 'hold'] as const;
export type ReviewAction = (typeof REVIEW_ACTIONS)[number];

/** The states in which an action is open, the state it leads to, and its name in the audit trail. */
export const ACTION_TABLE: Record<
  ReviewAction,
  { from: readonly RequestState[]; to: RequestState; event: AuditAction }
> = {
  approve: { from: ['pending', 'held'], to: 'queued', event: 'request.approved' },
  deny: { from: ['unproven', 'pending', 'failed', 'held'], to: 'denied', event: 'request.denied' },
  retry: { from: ['failed', 'held'], to: 'queued', event: 'request.retried' },
  hold: { from: ['pending', 'queued'], to: 'held', event: 'request.held' },
};

/** Why a person may not take an action: `state` when it is not open in the request's state, `underway` when a worker has claimed it. */
export type Refusal = 'forbidden' | 'ownRequest' | 'state' | 'underway' | 'policyRefuses' | 'proofMissing';

type Permission = { allowed: true } | { allowed: false; why: Refusal };
export type Permissions = Record<ReviewAction, Permission> & { resend: Permission | ResendPermission };

/** The decision of the policy in force. */
type Today = Pick<Decision, 'outcome' | 'partner'>;

/** Whether a request is the person's own: made for one of their addresses, or for the guest account they sign in with. */
function isOwnRequest(
  { addresses, oid }: Person,
  { address, guest_id }: Pick<RequestRow, 'address' | 'guest_id'>,
): boolean {
  return addresses.includes(address) || oid === guest_id;
}

/** Whether a person, by their key (`tid/oid`), is the guest with this object id: guests sign in as objects of our own tenant. */
export function isSamePerson(key: string, guestId: string): boolean {
  return key.split('/')[1] === guestId;
}

/**
 * Why a person may not take an action on a request; null when they may. The page that offers the actions and the code that
 * carries them out both use this.
 */
export function refusalFor(
  { decides, person }: Access,
  request: RequestRow,
  today: Today,
  action: ReviewAction | 'resend',
): Refusal | null {
  // The policy may have given the address to another partner since the request came.
  const isTheirs = covers(decides, request.partner) && covers(decides, today.partner ?? request.partner);
  if (!isTheirs) return 'forbidden';
  if (isOwnRequest(person, request)) return 'ownRequest';
  if (action === 'resend') return null;
  if (!ACTION_TABLE[action].from.includes(request.state)) return 'state';
  if (request.lease_until !== null && request.lease_until > new Date()) return 'underway';
  if (action !== 'approve') return null;
  if (today.outcome === 'deny') return 'policyRefuses';
  if (today.outcome === 'prove') return 'proofMissing';
  // An address that no partner lists needs an approver who decides for all partners.
  return covers(decides, today.partner) ? null : 'forbidden';
}

export function permissionsOf(
  access: Access,
  request: RequestRow,
  { steps, today, mails }: { steps: StepRow[]; today: Today; mails: MailWindow },
): Permissions {
  const permissionFor = (action: ReviewAction | 'resend'): Permission => {
    const why = refusalFor(access, request, today, action);
    return why === null ? { allowed: true } : { allowed: false, why };
  };
  const resend = permissionFor('resend');
  return {
    approve: permissionFor('approve'),
    deny: permissionFor('deny'),
    retry: permissionFor('retry'),
    hold: permissionFor('hold'),
    resend: resend.allowed ? mayResend(request, steps, mails, Infinity) : resend,
  };
}
