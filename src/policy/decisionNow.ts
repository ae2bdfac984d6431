import { parseAddress, type Address } from './address.js';
import { decide } from './decide.js';
import type { Decision } from './decision.js';
import type { Policy } from './policy.js';
import type { Proof, RequestRow } from '../store/schema.js';

/**
 * What the policy in force says about a request, with what its person has shown, and whatever anybody has decided. A sign-in at
 * a tenant shows nothing any more once the policy names another one.
 */
export function decisionNow(
  policy: Policy,
  request: Pick<RequestRow, 'id' | 'address'> & { proof: Pick<Proof, 'kind' | 'by'> | null },
): Decision {
  const { proof } = request;
  const address = addressOf(request);
  const decision = decide(policy, { address, ...(proof && { proven: proof.kind }) });
  return isOfAnotherTenant(policy, decision, proof?.by) ? decide(policy, { address }) : decision;
}

/** @param by `tid/oid` of whoever signed in, if anybody did */
function isOfAnotherTenant(policy: Policy, { partner }: Decision, by: string | undefined): boolean {
  const named = partner === null ? undefined : policy.partner(partner)?.tenantId?.toLowerCase();
  return by !== undefined && named !== undefined && by.split('/')[0] !== named;
}

/** @throws Error when the store holds what the portal never wrote */
export function addressOf({ id, address }: Pick<RequestRow, 'id' | 'address'>): Address {
  const parsed = parseAddress(address);
  if (!parsed.ok) throw new Error(`Request ${id} holds an address that does not parse`);
  return parsed.address;
}
