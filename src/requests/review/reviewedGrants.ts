import { covers, type Access } from '../../access/access.js';
import {
  forbidden,
  grantsOutside,
  nothingChosen,
  partnerNeeded,
  policyRefuses,
  proofMissing,
} from '../../errors.js';
import { isEmpty, isWithin, narrowGrants, wholeChoice, type GrantChoice } from '../../policy/narrowGrants.js';
import type { Policy } from '../../policy/policy.js';
import type { RequestRow, Review } from '../../store/schema.js';
import { decisionNow } from '../../policy/decisionNow.js';
import { mayTakeUnlisted } from './approval.js';

/** What an approver chooses: without `grants` all that the partner has; `partner` where no partner lists the address. */
export type Choice = { partner?: string; grants?: GrantChoice };

/**
 * Checks an approver's choice against the policy in force, and gives it as it is to be recorded: always by name, also when
 * nothing was left out. What the policy adds before the work is done was not approved by anybody.
 *
 * @throws {PublicError} `policyRefuses`, `proofMissing`, `forbidden` (another partner's by now), `partnerNeeded`, `grantsOutside`, `nothingChosen`
 */
export function reviewedGrants(
  policy: Policy,
  access: Access,
  request: RequestRow,
  { partner: chosen, grants }: Choice,
): Required<Pick<Review, 'partner'>> & Pick<Review, 'grants'> {
  const decision = decisionNow(policy, request);
  if (decision.outcome === 'deny') throw policyRefuses();
  if (decision.outcome === 'prove') throw proofMissing();
  const partner = decision.partner ?? choosePartner(policy, access, chosen);
  if (!covers(access.decides, partner)) throw forbidden();
  const { apps, groups } = grants ?? wholeChoice(policy, partner);
  if (!isWithin(policy, partner, { apps, groups })) throw grantsOutside();
  if (isEmpty(policy.grants(partner))) return { partner };
  if (isEmpty(narrowGrants(policy, partner, { apps, groups }))) throw nothingChosen();
  return { partner, grants: { apps: [...new Set(apps)], groups: [...new Set(groups)] } };
}

/** Taking on somebody whom no partner lists is for those who decide for all partners. */
function choosePartner(policy: Policy, access: Access, chosen: string | undefined): string {
  if (access.decides !== 'all') throw forbidden();
  const partner = chosen === undefined ? undefined : policy.partner(chosen);
  if (!partner || !mayTakeUnlisted(partner)) throw partnerNeeded();
  return partner.id;
}
