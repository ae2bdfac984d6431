import { parseAddress } from '../policy/address.js';
import { decide, type Decision } from '../policy/decide.js';
import type { Policy } from '../policy/policy.js';
import type { Proof, RequestRow } from '../store/schema.js';

/** What the policy in force says about a request, with what its person has shown, and whatever anybody has decided. */
export function decisionNow(
  policy: Policy,
  { id, address, proof }: Pick<RequestRow, 'id' | 'address'> & { proof: Pick<Proof, 'kind'> | null },
): Decision {
  const parsed = parseAddress(address);
  if (!parsed.ok) throw new Error(`Request ${id} holds an address that does not parse`);
  return decide(policy, { address: parsed.address, ...(proof && { proven: proof.kind }) });
}
