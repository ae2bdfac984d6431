import { grantsOutside, nothingChosen, partnerNeeded } from '../../errors.js';
import type { Decision } from '../../policy/decision.js';
import { grantsOf, NO_GRANTS, type Grants } from '../../policy/grants.js';
import { isEmpty, isWithin, narrowGrants, wholeChoice, type GrantChoice } from '../../policy/narrowGrants.js';
import type { Policy } from '../../policy/policy.js';
import type { RequestRow, Review } from '../../store/schema.js';
import { countedBeside } from '../submit/decideSubmission.js';

type Named = { key: string; name: string };

/** What an approver may choose from. */
export type ApprovalChoices = {
  /** The partner whose grants these are; null until the approver has chosen one. */
  partner: { id: string; name: string } | null;
  /** Partners to choose from; empty if the policy names the partner. */
  partners: { id: string; name: string }[];
  /** Each with the names of its groups, and whether it is chosen already. */
  apps: (Named & { groups: string[]; chosen: boolean })[];
  /** The partner's own groups. */
  groups: (Named & { chosen: boolean })[];
};

/** An approver's choice: without `grants` all that the partner has; with `partner` if no partner lists the address. */
export type ApprovalChoice = { partner?: string; grants?: GrantChoice };

/** What an approver may choose for a request. At first an earlier approval's choice is chosen, or all that the policy grants. */
export function approvalChoices(
  policy: Policy,
  { review }: Pick<RequestRow, 'review'>,
  today: Pick<Decision, 'outcome' | 'partner'>,
  chosen: string | undefined,
): ApprovalChoices {
  const { document } = policy;
  const unlisted = today.partner === null && today.outcome === 'review';
  const partners = unlisted ? document.partners.filter(mayTakeUnlisted) : [];
  const id = today.partner ?? partners.find((one) => one.id === chosen)?.id;
  const partner = policy.partner(id);
  const earlier = partner && review?.partner === partner.id ? review.grants : undefined;
  const named = (record: Record<string, { name: string }>, key: string) => ({
    key,
    name: record[key]?.name ?? key,
  });
  return {
    partner: partner ? { id: partner.id, name: partner.name } : null,
    partners: partners.map(({ id, name }) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name)),
    apps: (partner?.apps ?? []).map((key) => ({
      ...named(document.apps, key),
      groups: partner
        ? grantsOf({ ...partner, apps: [key], groups: [] }, document).groups.map((one) => one.name)
        : [],
      chosen: earlier?.apps.includes(key) ?? true,
    })),
    groups: (partner?.groups ?? []).map((key) => ({
      ...named(document.groups, key),
      chosen: earlier?.groups.includes(key) ?? true,
    })),
  };
}

/**
 * Checks an approver's choice against the policy in force, and returns what to record: every chosen key, even if nothing was left
 * out, because grants that the policy adds later are not approved.
 *
 * @param today the decision of the policy in force
 * @throws {PublicError} `partnerNeeded`, `grantsOutside`, `nothingChosen`
 */
export function checkApproval(
  policy: Policy,
  today: Pick<Decision, 'partner'>,
  { partner: chosen, grants }: ApprovalChoice,
): Required<Pick<Review, 'partner'>> & Pick<Review, 'grants'> {
  const partner = today.partner ?? checkPartner(policy, chosen);
  const { apps, groups } = grants ?? wholeChoice(policy, partner);
  if (!isWithin(policy, partner, { apps, groups })) throw grantsOutside();
  if (isEmpty(policy.grants(partner))) return { partner };
  if (isEmpty(narrowGrants(policy, partner, { apps, groups }))) throw nothingChosen();
  return { partner, grants: { apps: [...new Set(apps)], groups: [...new Set(groups)] } };
}

function checkPartner(policy: Policy, chosen: string | undefined): string {
  const partner = policy.partner(chosen);
  if (!partner || !mayTakeUnlisted(partner)) throw partnerNeeded();
  return partner.id;
}

/**
 * Applies an approval to the decision of the policy in force. An approval replaces only a decision to review: a denial stays, and
 * so does a missing proof. It is valid for one partner's grants: if the policy has given the address to another partner since,
 * or no longer grants any of what was approved, an approver has to review again.
 */
export function withApproval(
  policy: Policy,
  decision: Decision,
  { review, decision: recorded, run_id, bulk }: Pick<RequestRow, 'review' | 'decision' | 'run_id' | 'bulk'>,
): Decision {
  const openToReview = decision.outcome === 'invite' || decision.outcome === 'review';
  if (!openToReview) return decision;
  // By the policy alone, limits and guards would not count; such a request still waits for an approver.
  if (review?.outcome !== 'approved') {
    return countedBeside(recorded).length > 0 ? { ...decision, outcome: 'review' } : decision;
  }
  const partner = policy.partner(decision.partner ?? review.partner);
  if (!partner || partner.id !== review.partner) return { ...decision, outcome: 'review' };
  const mayTake = run_id === null ? mayTakeUnlisted(partner) : partner.enabled;
  if (decision.partner === null && !mayTake) return { ...decision, outcome: 'review' };
  const grants = bulk?.grants ?? approvedGrants(policy, review);
  if (review.grants && isEmpty(grants)) return { ...decision, outcome: 'review' };
  return { ...decision, outcome: 'invite', partner: partner.id, grants };
}

/** The grants of an approval, never more than the policy grants the partner now. */
function approvedGrants(policy: Policy, { partner, grants }: Review): Grants {
  if (partner === undefined) return NO_GRANTS;
  return grants ? narrowGrants(policy, partner, grants) : policy.grants(partner);
}

/** Whether an unlisted address may be approved for this partner: only if it is enabled and requires no proof. */
function mayTakeUnlisted({ enabled, proof }: { enabled: boolean; proof: string }): boolean {
  return enabled && proof === 'invitation';
}
