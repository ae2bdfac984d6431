import type { Deps } from '../../deps.js';
import { proofAskedBy } from '../../policy/afterProof.js';
import type { Decision } from '../../policy/decision.js';
import type { Proof, RequestRow } from '../../store/schema.js';
import { awaitedKind } from './awaitedProof.js';

/** Where a request stands with the proof that may be asked of its person, for those who read it in the admin area. */
export type ProofStanding = {
  /** What was shown; `by` is `tid/oid` of whoever signed in. */
  shown: { kind: Proof['kind']; at: Date; by: string | null } | null;
  /** What the request waits for, and when it lapses without it. */
  awaited: { kind: Proof['kind']; lapsesAt: Date } | null;
  /** What the policy in force asks for, and the request came without: nobody can approve it as it stands. */
  missing: Proof['kind'] | null;
};

/** @param today what the policy in force says about the request */
export function proofStanding(
  deps: Pick<Deps, 'policy' | 'limits'>,
  request: RequestRow,
  today: Decision,
): ProofStanding {
  const { state, proof, created_at } = request;
  const awaited = awaitedKind(deps, request);
  const settled = ['unproven', 'provisioned', 'denied', 'lapsed', 'revoked'].includes(state);
  return {
    shown: proof && { kind: proof.kind, at: new Date(proof.at), by: proof.by ?? null },
    awaited: awaited && {
      kind: awaited,
      lapsesAt: new Date(created_at.getTime() + deps.limits.lapseSeconds * 1000),
    },
    missing: settled ? null : proofAskedBy(today),
  };
}
