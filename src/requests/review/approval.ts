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
  /** Partners to choose from; empty where the policy itself names the partner. */
  partners: { id: string; name: string }[];
  /** With the names of the groups that the app brings, and whether it is chosen already. */
  apps: (Named & { groups: string[]; chosen: boolean })[];
  /** The partner's own groups. */
  groups: (Named & { chosen: boolean })[];
};

/** What an approver chooses: without `grants` all that the partner has; `partner` where no partner lists the address. */
export type ApprovalChoice = { partner?: string; grants?: GrantChoice };

/** What an approver may give for a request: as an earlier approval has chosen, or all that the policy grants. */
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
  const partner = id === undefined ? undefined : policy.partner(id);
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
 * Checks an approver's choice against the policy in force, and returns it as it is to be recorded: always by name, also when
 * nothing was left out. Nobody has approved what the policy adds before the work is done.
 *
 * @param today what the policy in force says of the address
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
  const partner = chosen === undefined ? undefined : policy.partner(chosen);
  if (!partner || !mayTakeUnlisted(partner)) throw partnerNeeded();
  return partner.id;
}

/**
 * What the policy in force and an approval come to together. An approval replaces only what the policy leaves to a person:
 * a denial stays, and so does a missing proof. It is for one partner's grants: where the policy has given the address to
 * another partner since, or grants nothing of what was approved, a person has to look again.
 */
export function withApproval(
  policy: Policy,
  decision: Decision,
  { review, decision: recorded }: Pick<RequestRow, 'review' | 'decision'>,
): Decision {
  const openToReview = decision.outcome === 'invite' || decision.outcome === 'review';
  if (!openToReview) return decision;
  // The policy alone would invite who came after the last place or looked like a program; they still wait for an approver.
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

/** What an approval gives under a policy: never more than the policy grants the partner now. */
function approvedGrants(policy: Policy, { partner, grants }: Review): Grants {
  if (partner === undefined) return NO_GRANTS;
  return grants ? narrowGrants(policy, partner, grants) : policy.grants(partner);
}

/** Whether an address that no partner lists may be approved for this partner: its own people could be invited. */
function mayTakeUnlisted({ enabled, proof }: { enabled: boolean; proof: string }): boolean {
  return enabled && proof === 'invitation';
}
