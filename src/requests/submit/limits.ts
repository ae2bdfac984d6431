import type { Address } from '../../policy/address.js';
import type { Policy } from '../../policy/policy.js';
import { countPlacesOfPartner, lockPartner } from '../../store/places.js';
import type { Db } from '../../store/schema.js';

/**
 * Whether a partner's places are taken: `perDay` counts since midnight (UTC), `total` from the beginning. What is counted are
 * people, so that nobody uses places up by asking again and again, and whoever has one keeps it. Refused and lapsed requests
 * count for neither, nor do those that nobody has proved yet. Partners without limits cost nothing.
 *
 * @param trx a transaction: others who ask for the same partner wait until it ends, so that two cannot share the last place
 */
export async function exceededLimit(
  trx: Db,
  policy: Policy,
  partnerId: string | null,
  { canonical }: Address,
): Promise<'perDay' | 'total' | null> {
  if (partnerId === null) return null;
  const { perDay, total } = policy.partner(partnerId)?.limits ?? {};
  if (perDay === undefined && total === undefined) return null;
  await lockPartner(trx, partnerId);
  const others = await countPlacesOfPartner(
    trx,
    { partner: partnerId, address: canonical },
    total === undefined ? 'today' : 'total',
  );
  if (total !== undefined && others.total >= total) return 'total';
  if (perDay !== undefined && others.today >= perDay) return 'perDay';
  return null;
}
