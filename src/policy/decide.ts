import { type Address, parseAddress } from './address.js';
import type { Decision, Reason } from './decision.js';
import { NO_GRANTS } from './grants.js';
import type { Policy } from './policy.js';
import { isConsumerDomain, isDisposableDomain } from './providers.js';

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

type ProofKind = NonNullable<Applicant['proven']>;

const ASKED: Record<string, ProofKind> = { 'proof.mailbox': 'mailbox', 'proof.tenant': 'tenant' };

/** The proof that a decision requires first; null when it requires none. */
export function requiredProof({
  outcome,
  reasons,
}: {
  outcome: Decision['outcome'];
  reasons: readonly { code: string }[];
}): ProofKind | null {
  if (outcome !== 'prove') return null;
  return reasons.map(({ code }) => ASKED[code]).find((kind) => kind !== undefined) ?? null;
}

/** What follows once the applicant has given the proof that a decision requires; null when it requires none. */
export function afterProof(policy: Policy, address: Address, decision: Decision): Decision | null {
  const proven = requiredProof(decision);
  return proven && decide(policy, { address, proven });
}

/**
 * What a request says of its applicant; `by` is the `tid/oid` of a person who signed in. With a `run_id` an admin has invited
 * them, which stands for a proof.
 */
type RequestBy = {
  id: string;
  address: string;
  proof: { kind: 'mailbox' | 'tenant'; by?: string } | null;
  run_id?: string | null;
};

/**
 * What the policy in force says about a request, given what its applicant has proved. What people have decided does not count.
 * A sign-in at a tenant proves nothing any more once the policy names another tenant.
 */
export function decisionNow(policy: Policy, request: RequestBy): Decision {
  const { proof } = request;
  const address = addressOf(request);
  const decision = decide(policy, { address, ...(proof && { proven: proof.kind }) });
  if (request.run_id) return afterProof(policy, address, decision) ?? decision;
  return isOfAnotherTenant(policy, decision, proof?.by) ? decide(policy, { address }) : decision;
}

function isOfAnotherTenant(policy: Policy, { partner }: Decision, by: string | undefined): boolean {
  const named = policy.partner(partner)?.tenantId?.toLowerCase();
  return by !== undefined && named !== undefined && by.split('/')[0] !== named;
}

/** @throws Error when the store holds an address that the portal never wrote */
export function addressOf({ id, address }: Pick<RequestBy, 'id' | 'address'>): Address {
  const parsed = parseAddress(address);
  if (!parsed.ok) throw new Error(`Request ${id} holds an address that does not parse`);
  return parsed.address;
}
