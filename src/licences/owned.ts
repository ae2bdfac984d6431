import type { Subscription } from '../graph/licences.js';
import { PAID_TIERS, type Owned, type PaidTier } from './rule.js';

/**
 * Ids of the service plans that make a tier.
 *
 * @see https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
 */
const PLANS: Record<PaidTier, string> = {
  basic: 'c4da7f8a-5ee2-4c99-a7e1-87d2df57f6fe',
  p1: '41781fb2-bc02-4b7c-bd55-b576c07bb09d',
  p2: 'eec0eb4f-6444-4f95-aba0-50c24d67f998',
  governance: 'e866a266-3cff-43a3-acca-0c90a7e00c8b',
};

const BASES = ['p2', 'p1'] as const;

export type OwnedIn = {
  tiers: Required<Owned>;
  /** Subscriptions with such a plan that give no licences now. */
  notCounted: { sku: string; status: string; units: number }[];
  /** Names of subscriptions without any such plan. */
  others: string[];
  /** How many licences of P1 and P2 have Governance added, and count as that. */
  lifted: number;
};

/** How many licences of each tier subscriptions give. */
export function ownedIn(subscriptions: readonly Subscription[]): OwnedIn {
  const tiers: Required<Owned> = { basic: 0, p1: 0, p2: 0, governance: 0 };
  const notCounted: OwnedIn['notCounted'] = [];
  const others: string[] = [];
  let addOns = 0;
  for (const { skuPartNumber, capabilityStatus, prepaidUnits, servicePlans } of subscriptions) {
    const named = servicePlans ?? [];
    const has = (tier: PaidTier, plans = named) =>
      plans.some(({ servicePlanId }) => servicePlanId?.toLowerCase() === PLANS[tier]);
    const provisioned = named.filter(({ provisioningStatus }) => provisioningStatus === 'Success');
    const gives = (tier: PaidTier) => has(tier, provisioned);
    const status = capabilityStatus ?? '';
    const counts = status === 'Enabled' || status === 'Warning';
    const { enabled, warning, suspended } = prepaidUnits ?? {};
    // Of a subscription that has expired, until its grace period ends.
    const units = (enabled ?? 0) + (warning ?? 0);
    if (!PAID_TIERS.some((tier) => has(tier))) {
      others.push(skuPartNumber ?? '');
      continue;
    }
    if (!counts || !PAID_TIERS.some(gives)) {
      notCounted.push({
        sku: skuPartNumber ?? '',
        status: counts ? 'notProvisioned' : status,
        units: units + (suspended ?? 0),
      });
      continue;
    }
    // A product with P2 names P1 as well, and is one licence, of the highest tier that it has.
    const base = BASES.find(gives);
    if (!gives('governance')) tiers[base ?? 'basic'] += units;
    else if (base) tiers.governance += units;
    else addOns += units;
  }
  // Governance is sold on top of P1 or P2: both together are one licence.
  let left = addOns;
  for (const base of BASES) {
    const lifted = Math.min(left, tiers[base]);
    tiers[base] -= lifted;
    left -= lifted;
  }
  tiers.governance += addOns;
  return { tiers, notCounted, others, lifted: addOns - left };
}
