import { sql } from 'kysely';
import { fromNow } from './fromNow.js';
import type { Db } from './schema.js';

/** How many licences there are, by tier; `notCounted` names subscriptions that are suspended. */
type OwnedData = {
  tiers: Record<string, number>;
  notCounted: { sku: string; status: string; units: number }[];
  /** Names of subscriptions without any of these licences. */
  others: string[];
  /** How many licences of P1 and P2 have Governance added, and count as that. */
  lifted: number;
};
/** The same, as a person typed it; null from somebody who does not know. */
type TypedData = { tiers: Record<string, number> | null; by: string };
/** The months (`2026-11`) that were read, each with the moment of its last reading, and until when the last one looked. */
type MonthsData = { months: Record<string, string>; until: string };
/** Of which tiers the reviewers were told, and what. */
type WarnedData = { tiers: Record<string, 'near' | 'missing'> };

type ReadingData = {
  owned: OwnedData;
  typed: TypedData;
  active: MonthsData;
  governed: MonthsData;
  warned: WarnedData;
};
export type ReadingName = keyof ReadingData;

/** Why a reading came to nothing. */
export type ReadingProblem = { code: 'notPermitted' | 'noLicence' | 'unavailable'; detail?: string };

/** Where a reading in pages goes on: the path of its next page, until when it looks, and of which months it tells. */
type Cursor = { path: string; until: string; months: string[] };

export type Reading<Name extends ReadingName> = {
  /** Null before the first reading that came to its end. */
  data: ReadingData[Name] | null;
  read_at: Date | null;
  tried_at: Date | null;
  cursor: Cursor | null;
  problem: ReadingProblem | null;
};

const NOTHING = { data: null, read_at: null, tried_at: null, cursor: null, problem: null };

export async function findReading<Name extends ReadingName>(db: Db, name: Name): Promise<Reading<Name>> {
  const row = await db.selectFrom('licence_reading').selectAll().where('name', '=', name).executeTakeFirst();
  if (!row) return NOTHING;
  const data = row.read_at === null ? null : (row.data as ReadingData[Name]);
  return { ...row, data, cursor: row.cursor as Cursor | null, problem: row.problem as ReadingProblem | null };
}

/** Records what was read, to its end. */
export async function recordReading<Name extends ReadingName>(
  db: Db,
  name: Name,
  data: ReadingData[Name],
): Promise<void> {
  const read = {
    data: JSON.stringify(data),
    read_at: sql<Date>`now()`,
    tried_at: sql<Date>`now()`,
    cursor: null,
    problem: null,
    lease_until: null,
  };
  await db
    .insertInto('licence_reading')
    .values({ name, ...read })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(read))
    .execute();
}

/** Records that nothing could be read. What was read before stays, unless `forget` is set; so does where to go on, with `goesOn`. */
export async function recordReadingProblem(
  db: Db,
  name: ReadingName,
  problem: ReadingProblem,
  { forget = false, goesOn = false }: { forget?: boolean; goesOn?: boolean } = {},
): Promise<void> {
  const tried = {
    problem: JSON.stringify(problem),
    tried_at: sql<Date>`now()`,
    lease_until: null,
    ...(!goesOn && { cursor: null }),
    ...(forget && { read_at: null, data: '{}' }),
  };
  await db
    .insertInto('licence_reading')
    .values({ name, data: '{}', ...tried })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(tried))
    .execute();
}

/** Keeps how far a reading is, and the claim of who reads. */
export async function keepCursor(
  db: Db,
  name: ReadingName,
  cursor: Cursor | null,
  leaseSeconds: number,
): Promise<void> {
  await db
    .updateTable('licence_reading')
    .set({ cursor: cursor && JSON.stringify(cursor), lease_until: fromNow(leaseSeconds) })
    .where('name', '=', name)
    .execute();
}

/** What Microsoft could not answer, or the portal was not allowed to ask, is tried again after so long. */
const RETRY_SECONDS = 600;

/**
 * Claims a reading for this process, unless another one reads, or it was tried less than `everySeconds` ago; one that was cut off
 * goes on at once. Returns it as it is, or null.
 */
export async function claimReading<Name extends ReadingName>(
  db: Db,
  name: Name,
  { everySeconds, leaseSeconds }: { everySeconds: number; leaseSeconds: number },
): Promise<Reading<Name> | null> {
  await db
    .insertInto('licence_reading')
    .values({ name, data: '{}' })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { rows } = await sql`
    update licence_reading set lease_until = ${fromNow(leaseSeconds)}
    where name = ${name} and (lease_until is null or lease_until <= now()) and (
      tried_at is null
      or (cursor is not null and problem is null)
      or tried_at < now() - interval '1 second' *
        case when problem ->> 'code' in ('unavailable', 'notPermitted') then ${RETRY_SECONDS}::float8 else ${everySeconds}::float8 end
    ) returning name`.execute(db);
  return rows.length === 1 ? findReading(db, name) : null;
}

/** Has everything read at the next opportunity, for somebody who has just granted a permission. */
export async function readAgain(db: Db): Promise<void> {
  await db
    .updateTable('licence_reading')
    .set({ tried_at: null })
    .where('name', 'in', ['owned', 'active', 'governed'])
    .execute();
}
