import { TIERS, type Tier } from '../policy/licensing.js';
import { FREE_ACTIVE } from './monthly.js';
import {
  fiveToOne,
  KINDS,
  PAID_TIERS,
  RULE_IN_USE,
  type Kind,
  type Need,
  type Owned,
  type PaidTier,
  type People,
} from './rule.js';

// The bill before the click: what a change of who has what will cost. Pure; `standing.ts` reads where licences stand.

/** Where licences stand: everybody who has access, and who is on the way. */
export type Standing = {
  people: People;
  /** Null while nobody knows. */
  owned: Owned | null;
  /** Guests of this month; null for unknown. */
  active: number | null;
  /** Whether a guest has been billed for governance this month; null for unknown. */
  governs: boolean | null;
};

/** People who come (or go, with a negative count). Members are no monthly active users. */
export type Added = { kind: Kind; tier: Tier; count: number; isGuest: boolean };

/**
 * A consequence. `licences`: the tier then has `people`, for which `more` licences more are needed, and `missing` are missing (null
 * while nobody knows how many there are). `active`: the month then has `people`, and those beyond `free` cost. `governance`: the
 * first guests of this month that governance features may be billed for.
 */
export type Consequence =
  | { code: 'licences'; tier: PaidTier; people: number; more: number; missing: number | null }
  | { code: 'active'; people: number; free: number }
  | { code: 'governance'; people: number };

/** What follows from people who are added; nothing for those who cost nothing. */
export function forecast(standing: Standing, added: readonly Added[]): Consequence[] {
  const { active } = standing;
  const after = { ...standing, people: withAdded(standing.people, added) };
  const consequences: Consequence[] = licencesBetween(standing, after, tiersWithMore(added)).filter(
    ({ more }) => more >= 0,
  );
  const guests = sum(added.filter(({ isGuest }) => isGuest));
  if (active !== null && guests > 0 && active + guests > FREE_ACTIVE)
    consequences.push({ code: 'active', people: active + guests, free: FREE_ACTIVE });
  return [...consequences, ...governanceBetween(standing, after)];
}

/** Members are not billed for governance features. */
const BILLED = KINDS.filter((kind) => kind !== 'affiliateMember');

/** Whether governance features may be billed for from now on, which nobody was for before. */
export function governanceBetween(before: Standing, after: Standing): Consequence[] {
  const [was, is] = [before, after].map(({ people }) =>
    BILLED.reduce((total, kind) => total + (people[kind]?.governance ?? 0), 0),
  );
  const begins = before.governs === false || (before.governs === null && was === 0);
  return begins && (is ?? 0) > (was ?? 0) ? [{ code: 'governance', people: (is ?? 0) - (was ?? 0) }] : [];
}

type OfLicences = Consequence & { code: 'licences' };

/** How many licences more, or fewer, the tiers need that change, and those of `named` that lack some. */
export function licencesBetween(
  before: Standing,
  after: Standing,
  named: ReadonlySet<Tier> = new Set(),
): OfLicences[] {
  const [was, is] = [before, after].map(({ people, owned }) => fiveToOne(RULE_IN_USE, people, owned ?? {}));
  return PAID_TIERS.flatMap((tier): OfLicences[] => {
    const [old, now] = [was?.[tier] ?? NO_NEED, is?.[tier] ?? NO_NEED];
    const more = now.needed - old.needed;
    const lacks = named.has(tier) && after.owned !== null && now.missing > 0;
    if (more === 0 && now.missing === old.missing && !lacks) return [];
    return [
      {
        code: 'licences',
        tier,
        people: now.fivefold + now.onefold,
        more,
        missing: after.owned && now.missing,
      },
    ];
  });
}

const NO_NEED: Need = { fivefold: 0, onefold: 0, needed: 0, owned: 0, covered: 0, missing: 0 };

/** Whether more people would be without a licence, those who are added or others. Unknown licences are never missing. */
export function exceeds({ people, owned }: Standing, added: readonly Added[]): boolean {
  if (owned === null) return false;
  const [before, after] = [people, withAdded(people, added)].map((all) => fiveToOne(RULE_IN_USE, all, owned));
  return PAID_TIERS.some((tier) => withoutLicence(after?.[tier]) > withoutLicence(before?.[tier]));
}

function withoutLicence({ fivefold, covered, onefold, owned } = NO_NEED): number {
  return fivefold - covered + Math.max(0, onefold - owned);
}

const sum = (added: readonly Added[]) => added.reduce((total, { count }) => total + count, 0);

/** Who has a tier already and gets it again is none more. */
function tiersWithMore(added: readonly Added[]): ReadonlySet<Tier> {
  return new Set(TIERS.filter((tier) => sum(added.filter((one) => one.tier === tier)) > 0));
}

export function withAdded(people: People, added: readonly Added[]): People {
  const all: People = structuredClone(people);
  for (const { kind, tier, count } of added) {
    const ofKind = (all[kind] ??= {});
    ofKind[tier] = Math.max(0, (ofKind[tier] ?? 0) + count);
  }
  return all;
}
