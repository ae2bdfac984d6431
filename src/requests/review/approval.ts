import type { Decision } from '../../policy/decision.js';
import { NO_GRANTS, type Grants } from '../../policy/grants.js';
import { isEmpty, narrowGrants } from '../../policy/narrowGrants.js';
import type { Policy } from '../../policy/policy.js';
import type { RequestRow, Review } from '../../store/schema.js';
import { countedBeside } from '../submit/judge.js';

/** What an approval gives under a policy: never more than the policy grants the partner now. */
export function approvedGrants(policy: Policy, { partner, grants }: Review): Grants {
  if (partner === undefined) return NO_GRANTS;
  return grants ? narrowGrants(policy, partner, grants) : policy.grants(partner);
}

/**
 * What the policy in force and a person's approval come to together. An approval takes the place of what the policy
 * leaves to a person, and of nothing else: a denial stays, and so does a missing proof. It is for one partner's grants:
 * where the policy has given the address to another partner since, or grants nothing of what was approved, a person
 * has to look again.
 */
export function withApproval(
  policy: Policy,
  decision: Decision,
  { review, decision: recorded }: Pick<RequestRow, 'review' | 'decision'>,
): Decision {
  const openToReview = decision.outcome === 'invite' || decision.outcome === 'review';
  if (!openToReview) return decision;
  // Whoever came after the last place, or looked like a program, waits for a person, though the policy would not say so.
  if (review?.outcome !== 'approved') {
    return countedBeside(recorded).length > 0 ? { ...decision, outcome: 'review' } : decision;
  }
  const partnerId = decision.partner ?? review.partner;
  const partner = partnerId === undefined ? undefined : policy.partner(partnerId);
  if (!partner || partner.id !== review.partner) return { ...decision, outcome: 'review' };
  if (decision.partner === null && !mayTakeUnlisted(partner)) return { ...decision, outcome: 'review' };
  const grants = approvedGrants(policy, review);
  if (review.grants && isEmpty(grants)) return { ...decision, outcome: 'review' };
  return { ...decision, outcome: 'invite', partner: partner.id, grants };
}

/** Whether an address that no partner lists may be taken on as one of this partner's: its own people could be invited. */
export function mayTakeUnlisted({ enabled, proof }: { enabled: boolean; proof: string }): boolean {
  return enabled && proof === 'invitation';
}
