import { NO_GRANTS, type Grants } from './grants.js';
import type { Rule } from './rule.js';
import type { Partner } from './schema.js';

export type Outcome = 'invite' | 'review' | 'prove' | 'deny';

/**
 * `partner` is the partner's id, `rule` the rule that fired: a domain rule of the partner (`*.fabrikam.com`), a denial
 * (`deny: competitor.com`, `deny: consumer`, `deny: disposable`, `deny: look-alike`) or `unlisted`. `reasons` are in the order of
 * the decision. `grants` are frozen, and empty when no partner gives any.
 */
export type Decision = {
  readonly outcome: Outcome;
  readonly partner: string | null;
  readonly rule: string | null;
  readonly grants: Grants;
  readonly reasons: readonly Reason[];
};

/** What follows from a partner's rule: `onceProven` when the applicant has given the `proof` that the partner asks for. */
export type Admission = {
  partner: Partner;
  proof: Partner['proof'];
  decision: Decision;
  onceProven: Decision;
};

const LISTED = { address: 'address.listed', domain: 'domain.listed', wildcard: 'domain.wildcard' } as const;

/** @param grants what the people of the partner get */
export function admissionOf(rule: Rule, partner: Partner, grants: Grants): Admission {
  const { id, enabled, proof, approval } = partner;
  const decided = (outcome: Outcome, because?: Reason): Decision => {
    const matched: Reason = { code: LISTED[rule.kind], rule: rule.text, partner: id };
    const reasons = because ? [matched, because] : [matched];
    return {
      outcome,
      partner: id,
      rule: rule.text,
      grants: outcome === 'deny' ? NO_GRANTS : grants,
      reasons,
    };
  };
  // A disabled partner's rules still match: its people must not slip in through a wider rule of another partner.
  const onceProven = !enabled
    ? decided('deny', { code: 'partner.disabled', partner: id })
    : approval === 'manual'
      ? decided('review', { code: 'approval.manual', partner: id })
      : decided('invite');
  const decision =
    !enabled || proof === 'invitation'
      ? onceProven
      : decided('prove', { code: `proof.${proof}`, partner: id });
  return { partner, proof, decision, onceProven };
}

/** One step of a decision: a stable code for pages to put into words, and what the words need. `partner` is an id. */
export type Reason =
  | { code: 'denied.domain'; rule: string }
  | { code: 'denied.consumer' | 'denied.disposable'; domain: string }
  | { code: 'denied.lookAlike'; domain: string; near: string }
  | { code: 'address.listed' | 'domain.listed' | 'domain.wildcard'; rule: string; partner: string }
  | { code: 'partner.disabled' | 'proof.mailbox' | 'proof.tenant' | 'approval.manual'; partner: string }
  | { code: 'unlisted'; outcome: 'deny' | 'review' };

/** The reason as an English sentence for admins. */
export function explainReason(reason: Reason): string {
  switch (reason.code) {
    case 'denied.domain':
      return `The policy refuses ${reason.rule}. This overrides every partner.`;
    case 'denied.consumer':
      return `${reason.domain} is a public email provider, and the policy refuses those.`;
    case 'denied.disposable':
      return `${reason.domain} provides disposable email addresses, and the policy refuses those.`;
    case 'denied.lookAlike':
      return `${reason.domain} looks like ${reason.near}, which a partner lists, but it's a different domain.`;
    case 'address.listed':
      return `Partner ${reason.partner} lists exactly this address.`;
    case 'domain.listed':
      return `Partner ${reason.partner} lists the domain ${reason.rule}.`;
    case 'domain.wildcard':
      return `Partner ${reason.partner} lists ${reason.rule}, which covers every domain below it.`;
    case 'partner.disabled':
      return `Partner ${reason.partner} is switched off, so its people are refused.`;
    case 'proof.mailbox':
      return `Partner ${reason.partner} requires people to prove first that the mailbox is theirs.`;
    case 'proof.tenant':
      return `Partner ${reason.partner} requires people to sign in at their home tenant first.`;
    case 'approval.manual':
      return `For partner ${reason.partner}, an approver decides.`;
    case 'unlisted':
      return reason.outcome === 'review'
        ? 'No partner lists this address, and the policy sends such requests to an approver.'
        : 'No partner lists this address, and the policy refuses such requests.';
  }
}
