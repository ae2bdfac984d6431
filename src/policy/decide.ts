import type { Address } from './address.js';
import { isConsumerDomain, isDisposableDomain } from './providers.js';
import type { Decision } from './decision.js';
import { NO_GRANTS } from './grants.js';
import type { Policy } from './policy.js';
import type { Reason } from './reason.js';

/** `proven` is what the person has proved so far: that the mailbox is theirs, or that their tenant owns the domain. */
export type Applicant = { address: Address; proven?: 'mailbox' | 'tenant' };

/**
 * Decides on one applicant: denials first, then the most specific rule of any partner, then look-alikes of partners'
 * domains, then `unlisted`. Pure: the same policy and applicant always give the same decision.
 *
 * A person who has to prove something (`prove`) is decided on again with `proven`; then approval counts.
 */
export function decide(policy: Policy, { address, proven }: Applicant): Decision {
  const rule = policy.denied.find(address)?.rule.text;
  if (rule !== undefined) return refusal(`deny: ${rule}`, { code: 'denied.domain', rule });
  const listed = policy.listed.find(address);
  const provider = providerDenial(policy, address);
  // A partner may name one full address at a public or throw-away provider; `deny.domains` has no exceptions.
  if (provider && listed?.rule.kind !== 'address') return provider;
  if (!listed) return imitation(policy, address) ?? unlisted(policy);
  // Each proof shows only itself: a person who signs in at the tenant has not shown that this mailbox is theirs.
  const { proof, decision, onceProven } = listed.value;
  return proof === proven ? onceProven : decision;
}

function providerDenial({ document: { deny } }: Policy, { domain }: Address): Decision | undefined {
  if (deny.consumer && isConsumerDomain(domain)) {
    return refusal('deny: consumer', { code: 'denied.consumer', domain });
  }
  if (deny.disposable && isDisposableDomain(domain)) {
    return refusal('deny: disposable', { code: 'denied.disposable', domain });
  }
  return undefined;
}

// An approver in a hurry would take it for the partner's; an admin who means this domain lists it.
function imitation({ lookAlike }: Policy, { domain }: Address): Decision | undefined {
  const near = lookAlike(domain)?.near;
  return near === undefined
    ? undefined
    : refusal('deny: look-alike', { code: 'denied.lookAlike', domain, near });
}

function refusal(rule: string, reason: Reason): Decision {
  return { outcome: 'deny', partner: null, rule, grants: NO_GRANTS, reasons: [reason] };
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
