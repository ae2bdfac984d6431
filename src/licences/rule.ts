import { TIERS, type Licensing, type Tier } from '../policy/licensing.js';

/**
 * Kinds of people, by how they count: a partner's guests; own staff, also with outside identities; people of the same group of
 * companies, as members or as guests; and guests who have the tier in their home tenant.
 */
export const KINDS = ['guest', 'employee', 'affiliateMember', 'affiliateGuest', 'homeLicensed'] as const;
export type Kind = (typeof KINDS)[number];

/** The years of Microsoft's licensing pages whose rule is meant; they differ in where `affiliateGuest` counts. */
export const RULES = ['2017', '2018'] as const;
export type Rule = (typeof RULES)[number];

/** The rule of the report's first sentence, of forecasts and of `limits.licences`: the later one of the two. */
export const RULE_IN_USE: Rule = '2018';

export type PaidTier = Exclude<Tier, 'free'>;
export const PAID_TIERS = TIERS.filter((tier) => tier !== 'free');

/** Each person at the highest tier of what they were granted. */
export type People = Partial<Record<Kind, Partial<Record<Tier, number>>>>;
/** Licences, staff's included: each covers five guests besides its user. */
export type Owned = Partial<Record<PaidTier, number>>;

export type Need = {
  /** People who share a licence by five, and people who need one each. */
  fivefold: number;
  onefold: number;
  needed: number;
  owned: number;
  /** How many of `fivefold` have a licence to share, in this tier or in a higher one. */
  covered: number;
  missing: number;
};

/** How many guests a licence covers. */
export const FIVE = 5;

const ONEFOLD: Record<Rule, readonly Kind[]> = {
  '2017': ['employee', 'affiliateMember'],
  '2018': ['employee', 'affiliateMember', 'affiliateGuest'],
};
const COUNTED: readonly Kind[] = KINDS.filter((kind) => kind !== 'homeLicensed');

/**
 * The rule by which each licence of a paid tier covers five guests besides the person who uses it. That unused places of a higher
 * tier cover guests of a lower one is an assumption: Microsoft's pages do not say so.
 *
 * @returns the tiers that `people` or `owned` name, the cheapest first
 */
export function fiveToOne(rule: Rule, people: People, owned: Owned): Partial<Record<Tier, Need>> {
  const isOnefold = (kind: Kind) => ONEFOLD[rule].includes(kind);
  const named = (tier: Tier) =>
    KINDS.some((kind) => people[kind]?.[tier] !== undefined) ||
    (tier !== 'free' && owned[tier] !== undefined);
  const needs: [Tier, Need][] = [];
  let spare = 0;
  for (const tier of [...TIERS].reverse()) {
    const count = (which: (kind: Kind) => boolean) =>
      COUNTED.filter(which).reduce((sum, kind) => sum + (people[kind]?.[tier] ?? 0), 0);
    const [fivefold, onefold] = [count((kind) => !isOnefold(kind)), count(isOnefold)];
    if (tier === 'free') {
      needs.push([tier, { fivefold, onefold, needed: 0, owned: 0, covered: fivefold, missing: 0 }]);
      continue;
    }
    const has = owned[tier] ?? 0;
    const places = has * FIVE + spare;
    needs.push([
      tier,
      {
        fivefold,
        onefold,
        needed: Math.max(Math.ceil(fivefold / FIVE), onefold),
        owned: has,
        covered: Math.min(fivefold, places),
        missing: Math.max(0, Math.max(Math.ceil((fivefold - spare) / FIVE), onefold) - has),
      },
    ]);
    spare = Math.max(0, places - fivefold);
  }
  return Object.fromEntries(needs.reverse().filter(([tier]) => named(tier)));
}

/** How a partner's people count, by its `licensing` and the kind of account that they get. */
export function kindOf(licensing: Licensing, userType: 'Guest' | 'Member'): Kind {
  switch (licensing) {
    case 'partner':
      return 'guest';
    case 'affiliate':
      return userType === 'Member' ? 'affiliateMember' : 'affiliateGuest';
    default:
      return licensing;
  }
}
