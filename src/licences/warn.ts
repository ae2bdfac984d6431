import type { Deps } from '../deps.js';
import type { Policy } from '../policy/policy.js';
import { TIERS } from '../policy/licensing.js';
import { queueLicenceNotice } from '../store/notices.js';
import { lockLicences } from '../store/licences.js';
import { findReading, recordReading } from '../store/licenceReadings.js';
import type { Db } from '../store/schema.js';
import { readStanding, recentStanding } from './standing.js';
import { fiveToOne, KINDS, PAID_TIERS, RULE_IN_USE, type Owned, type PaidTier, type People } from './rule.js';

/** A warning begins where so many more people would lack licences, and is over where so many more would not. */
const NEAR = [11, 10] as const;
const OVER = [12, 10] as const;
const NOW = [1, 1] as const;

type Level = 'near' | 'missing';
export type Warnings = Partial<Record<PaidTier, Level>>;

/** The tiers that have too few licences, or nearly so. `before` are the warnings of last time. */
export function warningsOf(people: People, owned: Owned, before: Warnings = {}): Warnings {
  // Without any licence every guest has the rights of Free, and needs none.
  if (PAID_TIERS.every((tier) => (owned[tier] ?? 0) === 0)) return {};
  const missing = (tier: PaidTier, factor: Factor) =>
    (fiveToOne(RULE_IN_USE, grown(people, factor), owned)[tier]?.missing ?? 0) > 0;
  const warnings: Warnings = {};
  for (const tier of PAID_TIERS) {
    if (missing(tier, NOW)) warnings[tier] = 'missing';
    else if (missing(tier, before[tier] ? OVER : NEAR)) warnings[tier] = 'near';
  }
  return warnings;
}

type Factor = readonly [of: number, by: number];

/** In whole numbers: a binary fraction would make 55 of 50 times 1.1 a little more. */
function grown(people: People, [of, by]: Factor): People {
  const all: People = {};
  for (const kind of KINDS) {
    for (const tier of TIERS) {
      const count = people[kind]?.[tier];
      if (count !== undefined) all[kind] = { ...all[kind], [tier]: Math.ceil((count * of) / by) };
    }
  }
  return all;
}

/** The warnings of now; none while nobody knows how many licences there are. */
export async function warningsNow(db: Db, policy: Policy): Promise<Warnings> {
  const { people, owned } = await recentStanding(db, policy);
  return owned ? warningsOf(people, owned) : {};
}

/** Has the reviewers mailed when the licences of a tier run out, or have run out; once each. */
export async function warnOfLicences(
  deps: Pick<Deps, 'policy'> & { store: { db: Db } },
  now: Date,
): Promise<void> {
  const { policy } = deps.policy.current();
  await deps.store.db.transaction().execute(async (trx) => {
    await lockLicences(trx);
    const { people, owned } = await readStanding(trx, policy, now);
    if (owned === null) return;
    const before = (await findReading(trx, 'warned')).data?.tiers ?? {};
    const warnings = warningsOf(people, owned, before);
    const worse = PAID_TIERS.filter(
      (tier) => warnings[tier] && warnings[tier] !== before[tier] && before[tier] !== 'missing',
    );
    if (worse.length > 0) await queueLicenceNotice(trx);
    await recordReading(trx, 'warned', { tiers: warnings });
  });
}
