import { targetKeys } from '../policy/grants.js';
import { narrowGrants } from '../policy/narrowGrants.js';
import type { Policy } from '../policy/policy.js';
import { TIERS, type Tier } from '../policy/licensing.js';
import { highestTier, saysTiers } from '../policy/tiers.js';
import { findReading } from '../store/licenceReadings.js';
import {
  countComing,
  countGiven,
  countGuests,
  countMonths,
  findRank,
  lockLicences,
  type ComingCount,
} from '../store/licences.js';
import type { Db } from '../store/schema.js';
import {
  exceeds,
  forecast,
  governanceBetween,
  licencesBetween,
  withAdded,
  type Added,
  type Consequence,
  type Standing,
} from './forecast.js';
import { partnersOf, peopleOf, readOwned } from './report.js';
import { kindOf } from './rule.js';
import { rankedTargets, tierOfTargets } from './tiersOf.js';
import { monthOf } from './trend.js';

// Where licences stand, by the policy and the ledger, and what people cost who come.

/** People of a partner who get all that it has. */
export function peopleOfPartner(policy: Policy, partnerId: string | null, count: number): Added[] {
  const partner = policy.partner(partnerId);
  if (!partner || count === 0) return [];
  const { licensing, invitation } = partner;
  return [
    {
      kind: kindOf(licensing, invitation.userType),
      tier: tierOfTargets(targetKeys(policy.grants(partner.id)), policy.document),
      count,
      isGuest: invitation.userType === 'Guest',
    },
  ];
}

/** One person of a partner; a guest who is there already counts as a change of tier. */
export async function personOfPartner(
  db: Db,
  policy: Policy,
  partner: string | null,
  address: string,
): Promise<Added[]> {
  const known = await findRank(db, address, rankedTargets(policy.document));
  return getting(policy, {
    partner,
    guestPartner: known?.partner ?? null,
    rank: known?.rank ?? null,
    count: 1,
  });
}

/** Guests who get more: they leave the tier that they had, and never come to a lower one. */
function raised(policy: Policy, comes: Added, had: { partner: string | null; rank: number }): Added[] {
  const tier = TIERS[had.rank] ?? 'free';
  const [was] = peopleOfPartner(policy, had.partner, 1);
  const { count } = comes;
  return [
    { kind: was?.kind ?? 'guest', tier, count: -count, isGuest: false },
    { kind: comes.kind, tier: highestTier([tier, comes.tier]), count, isGuest: false },
  ];
}

/** People who get something; `tier` instead of that of all that their partner has. */
function getting(
  policy: Policy,
  { partner, guestPartner, rank, count }: Omit<ComingCount, 'chosen' | 'own'>,
  tier?: Tier,
): Added[] {
  return peopleOfPartner(policy, partner, count).flatMap((one) => {
    const comes = tier === undefined ? one : { ...one, tier };
    return rank === null ? [comes] : raised(policy, comes, { partner: guestPartner, rank });
  });
}

/** People on their way, at the tier of what an approver or a file has chosen for them. */
function onTheirWay(policy: Policy, coming: ComingCount): Added[] {
  const { partner, chosen, own } = coming;
  const grants = own ?? (chosen && partner !== null ? narrowGrants(policy, partner, chosen) : null);
  return getting(policy, coming, grants ? tierOfTargets(targetKeys(grants), policy.document) : undefined);
}

/** What the rows of a preview add. */
export async function peopleOfRun(db: Db, policy: Policy, runId: string): Promise<Added[]> {
  const { document } = policy;
  const given = await countGiven(db, runId, rankedTargets(document));
  return given.flatMap((one) => getting(policy, one, tierOfTargets(one.targets, document)));
}

/** Where licences stand by a policy, now. */
export async function readStanding(db: Db, policy: Policy, now: Date): Promise<Standing> {
  const month = monthOf(now);
  const targets = rankedTargets(policy.document);
  const counts = await countGuests(db, targets);
  const coming = await countComing(db, targets);
  const owned = await readOwned(db);
  const months = await countMonths(db, month);
  const [active, governed] = [await findReading(db, 'active'), await findReading(db, 'governed')];
  const there = partnersOf(policy, counts);
  const onTheWay = coming.flatMap((one) => onTheirWay(policy, one));
  const countOf = (kind: 'active' | 'governed') => months.find((one) => one.kind === kind)?.count ?? 0;
  return {
    people: withAdded(peopleOf(there), onTheWay),
    owned: owned.tiers,
    active: active.data?.months[month] === undefined ? null : countOf('active'),
    governs: governed.data?.months[month] === undefined ? null : countOf('governed') > 0,
  };
}

/** Counting all guests takes a while where there are many: pages share a count for so many times as long as it took. */
const SHARED_TIMES = 50;
const recent = new WeakMap<Policy, { standing: Promise<Standing>; until: number }>();

/** The same, perhaps some seconds old where there are very many guests. */
export async function recentStanding(db: Db, policy: Policy, now = new Date()): Promise<Standing> {
  const known = recent.get(policy);
  if (known && performance.now() < known.until) return known.standing;
  const began = performance.now();
  const shared = { standing: readStanding(db, policy, now), until: Infinity };
  recent.set(policy, shared);
  try {
    const standing = await shared.standing;
    shared.until = performance.now() + SHARED_TIMES * (performance.now() - began);
    return standing;
  } catch (error) {
    // The next page counts again.
    recent.delete(policy);
    throw error;
  }
}

/** What people cost who are added. */
export async function costsOf(db: Db, policy: Policy, added: readonly Added[]): Promise<Consequence[]> {
  return added.length > 0 ? forecast(await recentStanding(db, policy), added) : [];
}

/** What it costs to put another policy in force: what people have already counts by it. */
export async function costsOfPolicy(db: Db, before: Policy, after: Policy): Promise<Consequence[]> {
  if (!saysTiers(before.document) && !saysTiers(after.document)) return [];
  const now = new Date();
  const [was, is] = [await readStanding(db, before, now), await readStanding(db, after, now)];
  return [...licencesBetween(was, is), ...governanceBetween(was, is)];
}

/**
 * Whether a licence would be missing for one person more.
 *
 * @param trx a transaction: others who ask wait until it ends, so that two cannot take the last place
 */
export async function lacksLicence(
  trx: Db,
  policy: Policy,
  partnerId: string | null,
  address: string,
): Promise<boolean> {
  if (policy.partner(partnerId)?.limits.licences !== 'review' || !saysTiers(policy.document)) return false;
  await lockLicences(trx);
  const added = await personOfPartner(trx, policy, partnerId, address);
  return exceeds(await readStanding(trx, policy, new Date()), added);
}
