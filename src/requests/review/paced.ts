import { personKey, type Access } from '../../access/access.js';
import type { Deps } from '../../deps.js';
import { forbidden } from '../../errors.js';
import { dropPaced, releasePaced } from '../../store/pacing.js';
import { assertTransition } from '../transitions.js';

export const PACED_ACTIONS = ['release', 'drop'] as const;
export type PacedAction = (typeof PACED_ACTIONS)[number];

/**
 * Decides about all sign-ups of a domain that wait for their turn: `release` lets them go on now, `drop` ends them.
 *
 * @returns how many there were
 * @throws {PublicError} `forbidden` for people who do not decide for all partners
 */
export async function decidePaced(
  deps: Deps,
  access: Access,
  { domain, action }: { domain: string; action: PacedAction },
): Promise<number> {
  if (access.decides !== 'all') throw forbidden();
  const actor = personKey(access.person);
  const carryOut = action === 'release' ? releasePaced : dropPaced;
  if (action === 'drop') {
    assertTransition('queued', 'lapsed');
    assertTransition('unproven', 'lapsed');
  }
  const count = await deps.store.db.transaction().execute((trx) => carryOut(trx, domain, actor));
  if (action === 'drop' && count > 0) deps.telemetry.figures.requestEnded('lapsed', count);
  deps.bell.announce();
  deps.noticeBell.announce();
  deps.log.info({ domain, action, requests: count, person: actor }, 'paced sign-ups decided');
  return count;
}
