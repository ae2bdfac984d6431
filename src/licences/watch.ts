import type { Deps } from '../deps.js';
import { claimReading } from '../store/licenceReadings.js';
import { deleteMonthsBefore } from '../store/licences.js';
import { readActiveGuests, readGovernedGuests, readOwnedLicences } from './readings.js';
import { saysTiers } from '../policy/tiers.js';
import { MONTHS_KEPT, monthOf } from './trend.js';
import { warnOfLicences } from './warn.js';

/** Counting takes a moment where guests are many, and those who sign up with a limit of licences wait for it. */
const WARNING = { everySeconds: 300, leaseSeconds: 60 };

/** Reads what is due for the report on licences, warns where the policy names tiers, and forgets old months. */
export async function watchLicences(
  deps: Pick<Deps, 'graph' | 'log' | 'policy' | 'store'>,
  options: { now: Date; stopping: AbortSignal },
): Promise<void> {
  await deleteMonthsBefore(deps.store.db, monthOf(options.now, MONTHS_KEPT - 1));
  if (saysTiers(deps.policy.current().policy.document)) {
    await readOwnedLicences(deps);
    if (await claimReading(deps.store.db, 'warned', WARNING)) await warnOfLicences(deps, options.now);
  }
  await readActiveGuests(deps, options);
  await readGovernedGuests(deps, options);
}
