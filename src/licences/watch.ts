import type { Deps } from '../deps.js';
import { deleteMonthsBefore } from '../store/licences.js';
import { readActiveGuests, readGovernedGuests, readOwnedLicences } from './readings.js';
import { saysTiers } from '../policy/tiers.js';
import { MONTHS_KEPT, monthOf } from './trend.js';
import { warnOfLicences } from './warn.js';

/** Reads what is due for the report on licences, warns, and forgets old months. Reads nothing where the policy names no tiers. */
export async function watchLicences(
  deps: Pick<Deps, 'graph' | 'log' | 'policy' | 'store'>,
  options: { now: Date; stopping: AbortSignal },
): Promise<void> {
  // Also where nothing is read any more.
  await deleteMonthsBefore(deps.store.db, monthOf(options.now, MONTHS_KEPT - 1));
  if (!saysTiers(deps.policy.current().policy.document)) return;
  await readOwnedLicences(deps);
  await warnOfLicences(deps, options.now);
  await readActiveGuests(deps, options);
  await readGovernedGuests(deps, options);
}
