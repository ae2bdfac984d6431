import type { Address } from './address.js';
import { decide, type Applicant } from './decide.js';
import type { Decision } from './decision.js';
import type { Policy } from './policy.js';

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
