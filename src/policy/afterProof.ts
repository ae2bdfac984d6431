import type { Address } from './address.js';
import { decide, type Applicant } from './decide.js';
import type { Decision } from './decision.js';
import type { Policy } from './policy.js';

type ProofKind = NonNullable<Applicant['proven']>;

const ASKED: Record<string, ProofKind> = { 'proof.mailbox': 'mailbox', 'proof.tenant': 'tenant' };

/** What a decision asks the person to prove first; null when nothing. */
export function proofAskedBy({
  outcome,
  reasons,
}: {
  outcome: Decision['outcome'];
  reasons: readonly { code: string }[];
}): ProofKind | null {
  if (outcome !== 'prove') return null;
  return reasons.map(({ code }) => ASKED[code]).find((kind) => kind !== undefined) ?? null;
}

/** What follows once a person has proved what a decision asks for; null for a decision that asks for nothing. */
export function afterProof(policy: Policy, address: Address, decision: Decision): Decision | null {
  const proven = proofAskedBy(decision);
  return proven && decide(policy, { address, proven });
}
