import type { Deps } from '../../deps.js';
import { lapseOverdue } from '../../store/requests.js';
import { assertTransition } from '../transitions.js';

/** So few that nobody who proves something meanwhile waits for it. */
const BATCH = 100;

/** Ends the requests that have waited for their proof for too long. Any number of instances may run it at once. */
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
