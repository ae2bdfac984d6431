import type { Policy } from '../policy/policy.js';
import { parseAddress } from '../policy/address.js';
import { isConsumerDomain } from '../policy/providers.js';
import { TIERS, type Licensing, type Tier } from '../policy/licensing.js';
import {
  countComing,
  countGaps,
  countGuests,
  countGuestsOfApps,
  listGuestAddresses,
  type GuestCount,
} from '../store/licences.js';
import { findReading, type Reading } from '../store/licenceReadings.js';
import type { Db } from '../store/schema.js';
import { readTrend, type Trend } from './trend.js';
import {
  fiveToOne,
  kindOf,
  PAID_TIERS,
  RULE_IN_USE,
  type Kind,
  type Need,
  type Owned,
  type People,
  type Rule,
} from './rule.js';
import { saysTiers, tierOfApp, withoutTier } from '../policy/tiers.js';
import { rankedTargets, targetsOfApps } from './tiersOf.js';

/** How many licences there are, and how that is known. `tiers` is null while nobody knows. */
export type OwnedLicences = {
  tiers: Owned | null;
  source: 'microsoft' | 'typed' | null;
  at: Date | null;
  /** `tid/oid` of the person who typed them. */
  by: string | null;
  notCounted: { sku: string; status: string; units: number }[];
  /** Names of subscriptions that have no licence of a tier. */
  others: string[];
  /** How many of P1 and P2 have Governance added, and count as that. */
  lifted: number;
  problem: Reading<'owned'>['problem'];
};

export type PartnerFigures = {
  id: string | null;
  name: string | null;
  kind: Kind;
  tiers: Partial<Record<Tier, number>>;
  total: number;
};

/** Partners that do not count as partners, and how many licences more or fewer that makes. */
type ExceptionFigures = PartnerFigures & { licensing: Licensing; difference: number };

export type LicenceReport = {
  /** Whether the policy says of anything which tier it needs. */
  saysTiers: boolean;
  people: People;
  total: number;
  /** People on their way, whom warnings count and the rest of the report does not. */
  coming: number;
  needs: Record<Rule, Partial<Record<Tier, Need>>>;
  owned: OwnedLicences;
  partners: PartnerFigures[];
  apps: { key: string; name: string; tier: Tier | null; guests: number }[];
  exceptions: ExceptionFigures[];
  /** Own staff with an address at a public provider, which Microsoft's terms do not allow. */
  notAllowed: string[];
  /** Guests who have something of which the policy says no tier, and what the policy says none of. */
  unsaid: number;
  withoutTier: string[];
  gaps: { anonymised: number; severalPartners: number };
  /** Ids of partners with guests that the policy does not have any more. */
  leftPartners: string[];
  trend: Trend;
};

/** What guests cost, by the policy in force and the ledger of who has what. */
export async function readReport(db: Db, policy: Policy, now: Date): Promise<LicenceReport> {
  const { document } = policy;
  const targets = rankedTargets(document);
  const counts = await countGuests(db, targets);
  const coming = await countComing(db, targets);
  const owned = await readOwned(db);
  const partners = partnersOf(policy, counts);
  const people = peopleOf(partners);
  const needsBy = (rule: Rule) => fiveToOne(rule, people, ownedOrNone(owned));
  const ofApps = await countGuestsOfApps(db, targetsOfApps(document));
  const employers = document.partners.filter(({ licensing }) => licensing === 'employee').map(({ id }) => id);
  return {
    saysTiers: saysTiers(document),
    people,
    total: partners.reduce((sum, { total }) => sum + total, 0),
    coming: coming.reduce((sum, { count }) => sum + count, 0),
    needs: { '2017': needsBy('2017'), '2018': needsBy('2018') },
    owned,
    partners,
    apps: Object.entries(document.apps).map(([key, app]) => ({
      key,
      name: app.name,
      tier: tierOfApp(app, document.groups),
      guests: ofApps.get(key) ?? 0,
    })),
    exceptions: exceptionsOf(policy, partners),
    notAllowed: (await listGuestAddresses(db, employers)).filter(isAtConsumerProvider),
    unsaid: counts.reduce((sum, { unsaid }) => sum + unsaid, 0),
    withoutTier: withoutTier(document),
    gaps: await countGaps(db),
    leftPartners: partners.flatMap(({ id }) => (id !== null && !policy.partner(id) ? [id] : [])),
    trend: await readTrend(db, now),
  };
}

/** What Microsoft said last, or else what a person typed. */
export async function readOwned(db: Db): Promise<OwnedLicences> {
  const read = await findReading(db, 'owned');
  const { problem } = read;
  if (read.data) {
    return { ...read.data, source: 'microsoft', at: read.read_at, by: null, problem };
  }
  const typed = await findReading(db, 'typed');
  const { tiers = null, by = null } = typed.data ?? {};
  const source = tiers && 'typed';
  return { tiers, source, at: typed.read_at, by, notCounted: [], others: [], lifted: 0, problem };
}

/** Unknown licences count as none; the report says that they are unknown. */
function ownedOrNone({ tiers }: Pick<OwnedLicences, 'tiers'>): Owned {
  return tiers ?? {};
}

/** The people of partners, by how they count. */
export function peopleOf(partners: readonly Pick<PartnerFigures, 'kind' | 'tiers'>[]): People {
  const people: People = {};
  for (const { kind, tiers } of partners) {
    const ofKind = (people[kind] ??= {});
    for (const tier of TIERS) {
      const count = tiers[tier];
      if (count !== undefined) ofKind[tier] = (ofKind[tier] ?? 0) + count;
    }
  }
  return people;
}

/** The figures of each partner, the one with most people first. A partner that has left the policy counts as a partner. */
export function partnersOf(policy: Policy, counts: readonly GuestCount[]): PartnerFigures[] {
  const figures = new Map<string | null, PartnerFigures>();
  for (const { partner: id, rank, count } of counts) {
    const partner = policy.partner(id);
    const known = figures.get(id) ?? {
      id,
      name: policy.partnerName(id),
      kind: partner ? kindOf(partner.licensing, partner.invitation.userType) : 'guest',
      tiers: {},
      total: 0,
    };
    const tier = TIERS[rank] ?? 'free';
    known.tiers[tier] = (known.tiers[tier] ?? 0) + count;
    known.total += count;
    figures.set(id, known);
  }
  return [...figures.values()].sort((one, other) => other.total - one.total);
}

function exceptionsOf(policy: Policy, partners: readonly PartnerFigures[]): ExceptionFigures[] {
  const needed = (all: readonly PartnerFigures[]) =>
    Object.values(fiveToOne(RULE_IN_USE, peopleOf(all), {})).reduce((sum, need) => sum + need.needed, 0);
  const asTheyAre = needed(partners);
  return partners.flatMap((one) => {
    const licensing = policy.partner(one.id)?.licensing ?? 'partner';
    if (licensing === 'partner') return [];
    const asGuests = partners.map((other) => (other === one ? { ...one, kind: 'guest' as const } : other));
    return [{ ...one, licensing, difference: asTheyAre - needed(asGuests) }];
  });
}

function isAtConsumerProvider(address: string): boolean {
  const parsed = parseAddress(address);
  return parsed.ok && isConsumerDomain(parsed.address.domain);
}

/** Whether it is known that no tier is paid for: guests then have the rights of Free, whatever they were granted. */
export function hasNoLicences({ tiers }: OwnedLicences): boolean {
  return tiers !== null && PAID_TIERS.every((tier) => (tiers[tier] ?? 0) === 0);
}
