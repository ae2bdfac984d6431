import type { Decision } from '../../policy/decision.js';
import { grantsOf } from '../../policy/grants.js';
import type { Policy } from '../../policy/policy.js';
import type { RequestRow } from '../../store/schema.js';
import { mayTakeUnlisted } from './approval.js';

type Named = { key: string; name: string };

/** What an approver may choose from. */
export type ApprovalChoices = {
  /** Whose grants these are; null as long as the approver has not chosen a partner. */
  partner: { id: string; name: string } | null;
  /** Partners to choose from; empty where the policy itself names the partner. */
  partners: { id: string; name: string }[];
  /** With the names of the groups that the app brings, and whether it is chosen already. */
  apps: (Named & { groups: string[]; chosen: boolean })[];
  /** The partner's own groups. */
  groups: (Named & { chosen: boolean })[];
};

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
