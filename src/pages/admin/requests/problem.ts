import type { RequestRow } from '../../../store/schema.js';

/** What comes of how the tenant, or the portal's place in it, is set up: the doctor knows more. */
const OF_TENANT = new Set([
  'invitationsOff',
  'crossTenantBlocked',
  'permissionMissing',
  'tokenRefused',
  'groupUnusable',
  'groupMissing',
  'appUnusable',
  'appMissing',
]);

export type ShownProblem = { code: string; detail?: string; ofTenant: boolean };

/**
 * Why a request stands still, takes longer or was refused; null when all goes well, or when a person has denied it, whose
 * words say more. What the policy has refused it names by the last of its reasons, as the list does.
 */
export function problemOf({
  problem,
  state,
  review,
  decision,
}: Pick<RequestRow, 'problem' | 'state' | 'review' | 'decision'>): ShownProblem | null {
  if (problem) return { ...problem, ofTenant: OF_TENANT.has(problem.code) };
  const refusal = state === 'denied' && !review ? decision.reasons.at(-1) : undefined;
  return refusal ? { code: refusal.code, ofTenant: false } : null;
}
