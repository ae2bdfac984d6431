import { PROBLEMS } from '../../../requests/problems.js';
import type { RequestRow } from '../../../store/schema.js';

/** `ofTenant`: it comes of how the tenant, or the portal's place in it, is set up, and the doctor knows more. */
export type ShownProblem = { code: string; detail?: string; ofTenant: boolean };

/**
 * Why a request stands still, takes longer or was refused; null when all goes well, or when an approver has denied it, whose
 * words say more. A refusal of the policy has the last of its reasons, as in the list.
 */
export function problemOf({
  problem,
  state,
  review,
  decision,
}: Pick<RequestRow, 'problem' | 'state' | 'review' | 'decision'>): ShownProblem | null {
  if (problem) return { ...problem, ofTenant: PROBLEMS[problem.code].staff === 'mend' };
  const refusal = state === 'denied' && !review ? decision.reasons.at(-1) : undefined;
  return refusal ? { code: refusal.code, ofTenant: false } : null;
}
