import { sql } from 'kysely';
import type { Db } from './schema.js';

/** What a browser may still do with a challenge, given what was done in it. */
export type BrowserStanding = {
  triesLeft: number;
  /** Seconds since it requested the mail; null when it has not. */
  askedSecondsAgo: number | null;
};

/**
 * How many browsers of a challenge are kept. A flood of browsers only removes the oldest, whose own tries begin again; the tries
 * of the code do not. Browsers that arrive at the same moment may exceed it until the next one arrives.
 */
const KEPT = 20;

const SINCE_ASKED = sql<number | null>`extract(epoch from clock_timestamp() - asked_at)::float8`;

/** Adds a browser with all its tries, unless it is there. The challenge must exist. */
export async function admitBrowser(
  trx: Db,
  requestId: string,
  browser: Buffer,
  tries: number,
): Promise<void> {
  await sql`
    with admitted as (
      insert into challenge_browser (request_id, browser_hash, tries_left)
      values (${requestId}::uuid, ${browser}::bytea, ${tries}::int)
      on conflict do nothing returning 1
    )
    delete from challenge_browser
    where exists (select from admitted) and request_id = ${requestId}::uuid and browser_hash in (
      select browser_hash from challenge_browser
      where request_id = ${requestId}::uuid and came_at < (
        select came_at from challenge_browser where request_id = ${requestId}::uuid
        order by came_at desc offset ${KEPT - 2}::int limit 1
      )
      -- Simultaneous statements would wait for each other.
      for update skip locked
    )`.execute(trx);
}

export function findBrowser(
  db: Db,
  requestId: string,
  browser: Buffer,
): Promise<BrowserStanding | undefined> {
  return db
    .selectFrom('challenge_browser')
    .select(['tries_left as triesLeft', SINCE_ASKED.as('askedSecondsAgo')])
    .where('request_id', '=', requestId)
    .where('browser_hash', '=', browser)
    .executeTakeFirst();
}

/**
 * Records that a browser requests the mail, and gives it all its tries. Returns false, and changes nothing, when its last
 * request is less than `windowSeconds` old.
 */
export async function recordBrowserMailRequest(
  trx: Db,
  requestId: string,
  browser: Buffer,
  { tries, windowSeconds }: { tries: number; windowSeconds: number },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('challenge_browser')
    .set({ asked_at: sql<Date>`clock_timestamp()`, tries_left: tries })
    .where('request_id', '=', requestId)
    .where('browser_hash', '=', browser)
    .where(sql<boolean>`coalesce(${SINCE_ASKED} >= ${windowSeconds}::float8, true)`)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Spends one try of a browser; undefined when none is left. Its simultaneous tries wait until the transaction ends. */
export function spendBrowserTry(
  trx: Db,
  requestId: string,
  browser: Buffer,
): Promise<BrowserStanding | undefined> {
  return trx
    .updateTable('challenge_browser')
    .set({ tries_left: sql<number>`tries_left - 1` })
    .where('request_id', '=', requestId)
    .where('browser_hash', '=', browser)
    .where('tries_left', '>', 0)
    .returning(['tries_left as triesLeft', SINCE_ASKED.as('askedSecondsAgo')])
    .executeTakeFirst();
}
