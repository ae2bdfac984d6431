import type { Deps } from '../../deps.js';
import { lapseOverdue } from '../../store/requests.js';
import { assertTransition } from '../transitions.js';

/** Few, so that a proof given meanwhile does not wait. */
const BATCH = 100;

/** Lapses the requests that have waited too long for their proof. Any number of instances may run it at once. */
export async function lapseUnproven(
  { store, limits, log, telemetry }: Deps,
  stopping?: AbortSignal,
): Promise<void> {
  assertTransition('unproven', 'lapsed');
  let lapsed = BATCH;
  while (lapsed === BATCH && !stopping?.aborted) {
    lapsed = await lapseOverdue(store.db, limits.lapseSeconds, BATCH);
    if (lapsed === 0) break;
    telemetry.figures.requestEnded('lapsed', lapsed);
    log.info({ requests: lapsed }, 'requests lapsed: nobody proved that the address is theirs');
  }
}
