import { NO_GRANTS, type Grants } from './grants.js';
import type { Reason } from './reason.js';
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
