import type { Policy } from '../policy/policy.js';
import { countRequestsOfPartner, lockPartner } from '../store/requests.js';
import type { Db } from '../store/schema.js';

/**
 * Whether a partner's allowance is used up: `perDay` counts since midnight (UTC), `total` from the beginning; refused
 * and lapsed requests count for neither. Partners without limits cost nothing.
 *
 * @param trx a transaction: others who ask for the same partner wait until it ends, so that two cannot share the last place
 */
export async function exceededLimit(
  trx: Db,
  policy: Policy,
  partnerId: string | null,
): Promise<'perDay' | 'total' | null> {
  if (partnerId === null) return null;
  const { perDay, total } = policy.partner(partnerId)?.limits ?? {};
  if (perDay === undefined && total === undefined) return null;
  await lockPartner(trx, partnerId);
  const counts = await countRequestsOfPartner(trx, partnerId);
  if (total !== undefined && counts.total >= total) return 'total';
  if (perDay !== undefined && counts.today >= perDay) return 'perDay';
  return null;
}
