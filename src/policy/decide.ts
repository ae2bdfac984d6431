import type { Address } from './address.js';
import { isConsumerDomain } from './consumerDomains.js';
import { isDisposableDomain } from './disposableDomains.js';
import { NO_GRANTS, type Grants } from './grants.js';
import type { ListedPartner, Policy } from './policy.js';
import type { Reason } from './reason.js';
import type { Rule } from './rule.js';
import type { Entry } from './ruleIndex.js';

export type { Grants } from './grants.js';
export { explainReason, type Reason } from './reason.js';

/** `proven` is what the person has proved so far: that the mailbox is theirs, or that their tenant owns the domain. */
export type Applicant = { address: Address; proven?: 'mailbox' | 'tenant' };

export type Outcome = 'invite' | 'review' | 'prove' | 'deny';

/**
 * `partner` is the partner's id, `rule` the rule that fired: a domain rule of the partner (`*.fabrikam.com`), a denial
 * (`deny: competitor.com`, `deny: consumer`, `deny: disposable`, `deny: look-alike`) or `unlisted`. `reasons` stand in the order of the
 * decision. `grants` are frozen, and empty when no partner gives any.
 */
export type Decision = {
  outcome: Outcome;
  partner: string | null;
  rule: string | null;
  grants: Grants;
  reasons: Reason[];
};

/**
 * Decides on one applicant: denials first, then the most specific rule of any partner, then what looks like such a rule's
 * domain, then `unlisted`. Pure: the same policy and applicant always give the same decision.
 *
 * A person who has to prove something (`prove`) is decided on again with `proven`; then approval counts.
 */
export function decide(policy: Policy, applicant: Applicant): Decision {
  const { address } = applicant;
  const listed = policy.listed.find(address);
  const denied = denial(policy, address, listed?.rule);
  if (denied !== undefined) return denied;
  return listed ? admission(listed, applicant) : (imitation(policy, address) ?? unlisted(policy));
}

// A partner may name one full address at a public or throw-away provider; `deny.domains` knows no exception.
function denial({ denied, document }: Policy, address: Address, listed?: Rule): Decision | undefined {
  const rule = denied.find(address)?.rule.text;
  if (rule !== undefined) return refusal(`deny: ${rule}`, { code: 'denied.domain', rule });
  if (listed?.kind === 'address') return undefined;
  const { domain } = address;
  if (document.deny.consumer && isConsumerDomain(domain)) {
    return refusal('deny: consumer', { code: 'denied.consumer', domain });
  }
  if (document.deny.disposable && isDisposableDomain(domain)) {
    return refusal('deny: disposable', { code: 'denied.disposable', domain });
  }
  return undefined;
}

// Whoever reads a request in a hurry would take it for the partner's; an admin who means this domain lists it.
function imitation({ lookAlike }: Policy, { domain }: Address): Decision | undefined {
  const near = lookAlike(domain)?.near;
  return near === undefined
    ? undefined
    : refusal('deny: look-alike', { code: 'denied.lookAlike', domain, near });
}

function refusal(rule: string, reason: Reason): Decision {
  return { outcome: 'deny', partner: null, rule, grants: NO_GRANTS, reasons: [reason] };
}

const LISTED = { address: 'address.listed', domain: 'domain.listed', wildcard: 'domain.wildcard' } as const;

function admission(
  { rule, value: { partner, grants } }: Entry<ListedPartner>,
  { proven }: Applicant,
): Decision {
  const { id, proof, approval } = partner;
  const decided = { partner: id, rule: rule.text, grants };
  const listed: Reason = { code: LISTED[rule.kind], rule: rule.text, partner: id };
  // A disabled partner's rules still match: its people must not slip in through a wider rule of somebody else.
  if (!partner.enabled) {
    const reasons: Reason[] = [listed, { code: 'partner.disabled', partner: id }];
    return { ...decided, outcome: 'deny', grants: NO_GRANTS, reasons };
  }
  // Each proof shows only itself: whoever signs in at the tenant has not shown that this mailbox is theirs.
  if (proof !== 'invitation' && proof !== proven) {
    return { ...decided, outcome: 'prove', reasons: [listed, { code: `proof.${proof}`, partner: id }] };
  }
  if (approval === 'manual') {
    return { ...decided, outcome: 'review', reasons: [listed, { code: 'approval.manual', partner: id }] };
  }
  return { ...decided, outcome: 'invite', reasons: [listed] };
}

function unlisted({ document }: Policy): Decision {
  const outcome = document.unlisted;
  return {
    outcome,
    partner: null,
    rule: 'unlisted',
    grants: NO_GRANTS,
    reasons: [{ code: 'unlisted', outcome }],
  };
}
