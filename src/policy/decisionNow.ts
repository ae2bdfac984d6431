import { parseAddress, type Address } from './address.js';
import { decide } from './decide.js';
import type { Decision } from './decision.js';
import type { Policy } from './policy.js';

/** What a request says of its applicant; `by` is the `tid/oid` of a person who signed in. */
type RequestBy = { id: string; address: string; proof: { kind: 'mailbox' | 'tenant'; by?: string } | null };

/**
 * What the policy in force says about a request, given what its applicant has proved. What people have decided does not count.
 * A sign-in at a tenant proves nothing any more once the policy names another tenant.
 */
export function decisionNow(policy: Policy, request: RequestBy): Decision {
  const { proof } = request;
  const address = addressOf(request);
  const decision = decide(policy, { address, ...(proof && { proven: proof.kind }) });
  return isOfAnotherTenant(policy, decision, proof?.by) ? decide(policy, { address }) : decision;
}

function isOfAnotherTenant(policy: Policy, { partner }: Decision, by: string | undefined): boolean {
  const named = partner === null ? undefined : policy.partner(partner)?.tenantId?.toLowerCase();
  return by !== undefined && named !== undefined && by.split('/')[0] !== named;
}

/** @throws Error when the store holds an address that the portal never wrote */
export function addressOf({ id, address }: Pick<RequestBy, 'id' | 'address'>): Address {
  const parsed = parseAddress(address);
  if (!parsed.ok) throw new Error(`Request ${id} holds an address that does not parse`);
  return parsed.address;
}
