import { sql } from 'kysely';
import type { Db } from './schema.js';

/**
 * What Graph lets an app write in a tenant: 3,000 at once, and 20 more a second.
 *
 * @see https://learn.microsoft.com/graph/throttling-limits
 */
const MOST_WRITES = 3_000;
const WRITES_A_SECOND = 20;
/** For people who wait in front of a page. */
const KEPT_FOR_PEOPLE = 500;

/**
 * Counts what all instances write in the directory.
 *
 * @param writes that this process has made since it last counted
 * @returns the seconds until a run may write again; 0 for now
 */
export async function spendWrites(db: Db, writes: number): Promise<number> {
  const refilled = sql`least(${MOST_WRITES}::float8,
    budget.level + ${WRITES_A_SECOND}::float8 * extract(epoch from clock_timestamp() - budget.at)::float8)`;
  const { rows } = await sql<{ level: number }>`
    insert into budget (name, level, at) values ('writes', ${MOST_WRITES - writes}::float8, clock_timestamp())
    on conflict (name) do update set level = ${refilled} - ${writes}::float8, at = clock_timestamp()
    returning level`.execute(db);
  const level = rows[0]?.level ?? 0;
  return Math.max(0, (KEPT_FOR_PEOPLE - level) / WRITES_A_SECOND);
}

/**
 * Takes the next turns of what may happen so many times a minute, over all instances.
 *
 * @returns when the first of them is, and how many seconds that is away; each further one is a minute's part later
 */
export async function takeTurns(
  db: Db,
  name: string,
  { perMinute, count = 1 }: { perMinute: number; count?: number },
): Promise<{ at: Date; waitSeconds: number }> {
  const interval = sql`${60 / perMinute}::float8 * interval '1 second'`;
  const others = sql`${count - 1}::int * ${interval}`;
  const { rows } = await sql<{ at: Date; waitSeconds: number }>`
    insert into budget (name, level, at) values (${name}, 0, clock_timestamp() + ${others})
    on conflict (name) do update set at = greatest(clock_timestamp(), budget.at + ${interval}) + ${others}
    returning at - ${others} as at,
      greatest(0, extract(epoch from at - ${others} - clock_timestamp()))::float8 as "waitSeconds"`.execute(
    db,
  );
  const [turn] = rows;
  if (!turn) throw new Error(`No turn of ${name}`);
  return turn;
}
