import type { Deps } from '../../deps.js';
import { endNotice, skipNotice } from '../../store/noticeLeases.js';
import { findWaitingPartners } from '../../store/noticeSummaries.js';
import { insertAddressed, type Addressed } from '../../store/notices.js';
import type { NoticeRow, SkipReason } from '../../store/schema.js';
import { findWaiting } from './findWaiting.js';
import type { FindDeciders, Recipient } from './audience.js';

/** Turns a notice to those who decide into one a person, or ends it where nobody is to be told. */
export async function addressNotice(deps: Deps, deciders: FindDeciders, notice: NoticeRow): Promise<void> {
  const people = await (notice.request_id === null
    ? peopleOfDigest(deps, deciders)
    : peopleOfRequest(deps, deciders, notice));
  await deps.store.db.transaction().execute(async (trx) => {
    const settled = Array.isArray(people)
      ? await endNotice(trx, notice, 'addressed')
      : await skipNotice(trx, notice, people);
    if (settled && Array.isArray(people)) await insertAddressed(trx, notice, people);
  });
}

async function peopleOfRequest(
  deps: Deps,
  deciders: FindDeciders,
  notice: NoticeRow,
): Promise<Addressed[] | SkipReason> {
  const request = await findWaiting(deps, notice);
  if (!request) return 'decided';
  const mode = modeOf(deps, request.partner);
  if (mode === 'off') return 'off';
  if (mode === 'digest') return 'inDigest';
  const people = await deciders(request.partner, request.address);
  return people.length > 0 ? people.map(({ key }) => ({ recipient: key })) : 'nobody';
}

/** Each person once, with all of their partners of which requests wait. */
async function peopleOfDigest(deps: Deps, deciders: FindDeciders): Promise<Addressed[] | SkipReason> {
  const waiting = await findWaitingPartners(deps.store.db);
  const partnersOf = new Map<Recipient['key'], (string | null)[]>();
  for (const partner of waiting.filter((one) => modeOf(deps, one) === 'digest')) {
    for (const { key } of await deciders(partner)) {
      partnersOf.set(key, [...(partnersOf.get(key) ?? []), partner]);
    }
  }
  if (partnersOf.size === 0) return 'nothingWaiting';
  return [...partnersOf].map(([recipient, partners]) => ({ recipient, partners }));
}

/** Requests of no partner are told of at once: nobody has asked for less. */
function modeOf({ policy }: Deps, partner: string | null): 'atOnce' | 'digest' | 'off' {
  const { policy: inForce } = policy.current();
  return (partner === null ? undefined : inForce.partner(partner)?.notify) ?? 'atOnce';
}
