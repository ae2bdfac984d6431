import { setTimeout as sleep } from 'node:timers/promises';
import type { Deps } from '../deps.js';
import {
  changesBetween,
  GUESTS_WITH_SIGN_INS,
  listSubscriptions,
  readGoverned,
  readGuestSignIns,
  type ReadPage,
} from '../graph/licences.js';
import { GraphFault } from '../graph/graphFault.js';
import { deleteMonthsBefore, recordMonths } from '../store/licences.js';
import {
  claimReading,
  keepCursor,
  recordReading,
  recordReadingProblem,
  type Reading,
  type ReadingName,
  type ReadingProblem,
} from '../store/licenceReadings.js';
import type { Db } from '../store/schema.js';
import { ownedIn } from './owned.js';
import { MONTHS_KEPT, monthOf } from './trend.js';

// What is read from Microsoft for the report on licences, in the background. Each reading has a row in the store that says how far
// it is, so that it goes on after a restart, in any instance.

type Needed = Pick<Deps, 'graph' | 'log'> & { store: { db: Db } };
type Options = { now?: Date; stopping?: AbortSignal };

const HOUR_SECONDS = 3_600;
/** Longer than one call may take; each page renews it. */
const LEASE_SECONDS = 120;
/** Sign-ins and the log share a limit of five calls in ten seconds. */
const PAGE_EVERY_MS = 2_100;
/** Entries of the log are minutes late. */
const LATE_MS = HOUR_SECONDS * 1_000;
/** Sign-ins are up to a day late: those of the last days of a month show in the first ones of the next. */
const LATE_DAYS = 2;

/** Reads how many licences there are, once an hour. */
export async function readOwnedLicences(deps: Needed): Promise<void> {
  const { db } = deps.store;
  const reading = await claimReading(db, 'owned', {
    everySeconds: HOUR_SECONDS,
    leaseSeconds: LEASE_SECONDS,
  });
  if (!reading) return;
  await inWords(deps, 'owned', async () => {
    const permitted = await deps.graph.isPermitted('readLicences', AbortSignal.timeout(10_000));
    // What was read before would never be true again.
    if (!permitted) return recordReadingProblem(db, 'owned', { code: 'notPermitted' }, { forget: true });
    return recordReading(db, 'owned', ownedIn(await listSubscriptions(deps.graph)));
  });
}

/** Reads which of the tenant's guests were active this month, once a day. It may be cut off at any page. */
export async function readActiveGuests(deps: Needed, options: Options = {}): Promise<void> {
  await readMonths(deps, 'active', options, {
    first: ({ data }, now) => ({
      path: GUESTS_WITH_SIGN_INS,
      months: monthsOfSignIns(data?.months ?? {}, now),
    }),
    page: async (path) => {
      const { items, next } = await readGuestSignIns(deps.graph, path);
      const seen = items.flatMap(({ id, signedInAt }) =>
        signedInAt ? { guest: id, month: monthOf(signedInAt) } : [],
      );
      return { items: seen, next };
    },
  });
}

/** Reads which guests a governance feature touched since the last reading, once a day. */
export async function readGovernedGuests(deps: Needed, options: Options = {}): Promise<void> {
  await readMonths(deps, 'governed', options, {
    first: ({ data }, now) => {
      const from = data
        ? new Date(Date.parse(data.until) - LATE_MS)
        : new Date(`${monthOf(now)}-01T00:00:00Z`);
      return { path: changesBetween(from, now), months: [...new Set([monthOf(from), monthOf(now)])] };
    },
    page: async (path) => {
      const { items, next } = await readGoverned(deps.graph, path);
      return { items: items.map(({ guest, at }) => ({ guest, month: monthOf(at) })), next };
    },
  });
}

type Seen = { guest: string; month: string };
type Source = {
  /** The first page, and the months of which the whole reading tells. */
  first: (reading: Reading<'active' | 'governed'>, now: Date) => { path: string; months: string[] };
  page: (path: string) => Promise<ReadPage<Seen>>;
};

async function readMonths(
  deps: Needed,
  name: 'active' | 'governed',
  { now = new Date(), stopping }: Options,
  { first, page }: Source,
): Promise<void> {
  const { db } = deps.store;
  // A little less than a day, or else each reading would be a little later than the one before.
  const reading = await claimReading(db, name, {
    everySeconds: 22 * HOUR_SECONDS,
    leaseSeconds: LEASE_SECONDS,
  });
  if (!reading) return;
  const begun = goesOn(reading, now) ?? { ...first(reading, now), until: now.toISOString() };
  await inWords(deps, name, async () => {
    const permitted = await deps.graph.isPermitted('readActivity', AbortSignal.timeout(10_000));
    if (!permitted) return recordReadingProblem(db, name, { code: 'notPermitted' });
    let path: string | null = begun.path;
    while (path !== null) {
      if (stopping?.aborted) return keepCursor(db, name, { ...begun, path }, 0);
      const { items, next }: ReadPage<Seen> = await page(path);
      const kept = items.filter(({ month }) => month > monthOf(now, MONTHS_KEPT));
      await db.transaction().execute(async (trx) => {
        await recordMonths(trx, name, kept);
        await keepCursor(trx, name, next === null ? null : { ...begun, path: next }, LEASE_SECONDS);
      });
      path = next;
      if (path !== null) await sleep(PAGE_EVERY_MS, undefined, { signal: stopping }).catch(() => undefined);
    }
    const months = { ...reading.data?.months };
    for (const month of begun.months) months[month] = begun.until;
    await deleteMonthsBefore(db, monthOf(now, MONTHS_KEPT - 1));
    return recordReading(db, name, { months: withoutOld(months, now), until: begun.until });
  });
}

/** A page that cannot be had is not asked for for ever. */
const GOES_ON_FOR_MS = 24 * HOUR_SECONDS * 1_000;

function goesOn({ cursor }: Reading<'active' | 'governed'>, now: Date) {
  return cursor && now.getTime() - Date.parse(cursor.until) < GOES_ON_FOR_MS ? cursor : null;
}

/** The months of which the last sign-ins tell at a moment: also of the month before, if that was read while it lasted. */
function monthsOfSignIns(read: Record<string, string>, now: Date): string[] {
  const before = monthOf(now, 1);
  return now.getUTCDate() <= LATE_DAYS && read[before] !== undefined
    ? [before, monthOf(now)]
    : [monthOf(now)];
}

function withoutOld(months: Record<string, string>, now: Date): Record<string, string> {
  const first = monthOf(now, MONTHS_KEPT - 1);
  return Object.fromEntries(Object.entries(months).filter(([month]) => month >= first));
}

/** Runs a reading; what Microsoft refuses becomes words of the report. */
async function inWords({ store, log }: Needed, name: ReadingName, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    const problem = problemOf(error);
    log.warn({ reading: name, problem: problem.code, err: error }, 'a reading for licences came to nothing');
    // A page that is refused or gone cannot be read any more: the next reading starts from the first one.
    await recordReadingProblem(store.db, name, problem, {
      goesOn: error.kind !== 'rejected' && error.kind !== 'notFound',
      // What was read before will not be true for long, and nobody would see.
      forget: name === 'owned' && problem.code === 'notPermitted',
    });
  }
}

const PROBLEMS: Record<string, ReadingProblem['code']> = {
  Authentication_RequestFromNonPremiumTenantOrB2CTenant: 'noLicence',
  Authentication_MSGraphPermissionMissing: 'notPermitted',
};

function problemOf({ code, kind, message }: GraphFault): ReadingProblem {
  const known = PROBLEMS[code ?? ''];
  if (known) return { code: known };
  return kind === 'forbidden' ? { code: 'notPermitted' } : { code: 'unavailable', detail: message };
}
