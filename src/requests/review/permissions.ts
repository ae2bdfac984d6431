import { covers, type Access } from '../../access/access.js';
import type { Decision } from '../../policy/decision.js';
import type { RequestRow, StepRow } from '../../store/schema.js';
import { isOwnRequest } from './ownRequest.js';
import { mayResend, type MailWindow, type ResendPermission } from '../resend/resend.js';
import { ACTION_TABLE, REVIEW_ACTIONS, type ReviewAction } from './reviewActions.js';

/** Whether an action is open to a person, and if not, why. What counts is what the action itself finds out. */
export type Permission =
  | { allowed: true }
  | {
      allowed: false;
      why: 'forbidden' | 'ownRequest' | 'state' | 'underway' | 'policyRefuses' | 'proofMissing';
    };

export type Permissions = Record<ReviewAction, Permission> & { resend: Permission | ResendPermission };

const ALLOWED: Permission = { allowed: true };
const refused = (why: Extract<Permission, { allowed: false }>['why']): Permission => ({
  allowed: false,
  why,
});

/** @param today what the policy in force says about the address */
export function permissionsOf(
  access: Access,
  request: RequestRow,
  steps: StepRow[],
  today: Pick<Decision, 'outcome' | 'partner'>,
  mails: MailWindow,
): Permissions {
  const personal = personally(access, request, today.partner);
  const entries = REVIEW_ACTIONS.map((action) => [
    action,
    personal ?? (action === 'approve' ? approvable(access, request, today) : openIn(request, action)),
  ]);
  return {
    ...(Object.fromEntries(entries) as Record<ReviewAction, Permission>),
    resend: personal ?? mayResend(request, steps, mails, Infinity),
  };
}

/** What keeps a person from every action; `today`: the partner to whom the policy in force gives the address. */
function personally(
  { decides, person }: Access,
  request: RequestRow,
  today: string | null,
): Permission | null {
  const theirs = covers(decides, request.partner) && covers(decides, today ?? request.partner);
  if (!theirs) return refused('forbidden');
  return isOwnRequest(person, request) ? refused('ownRequest') : null;
}

function openIn({ state, lease_until }: RequestRow, action: ReviewAction): Permission {
  if (!ACTION_TABLE[action].from.includes(state)) return refused('state');
  return lease_until !== null && lease_until > new Date() ? refused('underway') : ALLOWED;
}

function approvable(
  { decides }: Access,
  request: RequestRow,
  { outcome, partner }: Pick<Decision, 'outcome' | 'partner'>,
): Permission {
  const open = openIn(request, 'approve');
  if (!open.allowed) return open;
  if (outcome === 'deny') return refused('policyRefuses');
  if (outcome === 'prove') return refused('proofMissing');
  return covers(decides, partner) ? ALLOWED : refused('forbidden');
}
