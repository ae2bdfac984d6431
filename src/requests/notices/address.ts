import type { Deps } from '../../deps.js';
import { endNotice, skipNotice } from '../../store/noticeLeases.js';
import { findWaitingPartners } from '../../store/noticeSummaries.js';
import { insertAddressed, runOf, type Addressed } from '../../store/notices.js';
import { findRun } from '../../store/runs.js';
import type { NoticeRow, SkipReason } from '../../store/schema.js';
import type { FindApprovers, Recipient } from './audience.js';
import { findWaiting } from './prepare.js';

/** Turns a notice to the approvers into one for each person, or ends it if nobody gets a mail. */
export async function addressNotice(
  deps: Deps,
  findApprovers: FindApprovers,
  notice: NoticeRow,
): Promise<void> {
  const runId = runOf(notice);
  const people = await (runId !== null
    ? peopleOfRun(deps, findApprovers, runId)
    : notice.kind === 'licences'
      ? reviewers(findApprovers)
      : notice.request_id === null
        ? peopleOfDigest(deps, findApprovers)
        : peopleOfRequest(deps, findApprovers, notice));
  await deps.store.db.transaction().execute(async (trx) => {
    const ended = Array.isArray(people)
      ? await endNotice(trx, notice, 'addressed')
      : await skipNotice(trx, notice, people);
    if (ended && Array.isArray(people)) await insertAddressed(trx, notice, people);
  });
}

async function peopleOfRequest(
  deps: Deps,
  findApprovers: FindApprovers,
  notice: NoticeRow,
): Promise<Addressed[] | SkipReason> {
  const request = await findWaiting(deps, notice);
  if (!request) return 'decided';
  const mode = modeOf(deps, request.partner);
  if (mode === 'off') return 'off';
  if (mode === 'digest') return 'inDigest';
  const people = await findApprovers(request.partner, request.address);
  return people.length > 0 ? people.map(({ key }) => ({ recipient: key })) : 'nobody';
}

/** Who started the run; for one that a command started, the reviewers. */
async function peopleOfRun(
  { store }: Deps,
  findApprovers: FindApprovers,
  runId: string,
): Promise<Addressed[] | SkipReason> {
  const run = await findRun(store.db, runId);
  if (run?.state !== 'halted') return 'decided';
  const [, oid] = run.created_by.split('/');
  if (oid !== undefined) return [{ recipient: oid }];
  return reviewers(findApprovers);
}

/** Those who are told about what belongs to no partner. */
async function reviewers(findApprovers: FindApprovers): Promise<Addressed[]> {
  return (await findApprovers(null)).map(({ key }) => ({ recipient: key }));
}

/** Each person once, with all of their partners that have waiting requests. */
async function peopleOfDigest(deps: Deps, findApprovers: FindApprovers): Promise<Addressed[] | SkipReason> {
  const waiting = await findWaitingPartners(deps.store.db);
  const partnersOf = new Map<Recipient['key'], (string | null)[]>();
  for (const partner of waiting.filter((one) => modeOf(deps, one) === 'digest')) {
    for (const { key } of await findApprovers(partner)) {
      partnersOf.set(key, [...(partnersOf.get(key) ?? []), partner]);
    }
  }
  if (partnersOf.size === 0) return 'nothingWaiting';
  return [...partnersOf].map(([recipient, partners]) => ({ recipient, partners }));
}

/** Requests without a partner are mailed at once, like the default of a partner. */
function modeOf({ policy }: Deps, partner: string | null): 'atOnce' | 'digest' | 'off' {
  return policy.current().policy.partner(partner)?.notify ?? 'atOnce';
}
