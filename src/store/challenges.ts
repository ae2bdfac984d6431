import { sql } from 'kysely';
import type { Db, NoticeState } from './schema.js';

/** The challenge of a request: its code and its link prove that the applicant reads the mailbox. */
export type Challenge = {
  /** Seconds since the mail was requested. */
  askedSecondsAgo: number;
  /** The state of the latest mail; null before there is one. */
  mail: NoticeState | null;
};

/** Inserts the challenge of a request, unless it has one. The code is compared only in `browser`. */
export async function insertChallenge(
  trx: Db,
  requestId: string,
  browser: Buffer,
  tries: number,
): Promise<void> {
  await trx
    .insertInto('challenge')
    .values({ request_id: requestId, browser_hash: browser, tries_left: tries })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export function findChallenge(db: Db, requestId: string): Promise<Challenge | undefined> {
  return db
    .selectFrom('challenge')
    .select((of) => [
      sql<number>`extract(epoch from clock_timestamp() - asked_at)::float8`.as('askedSecondsAgo'),
      of
        .selectFrom('notice')
        .select('state')
        .whereRef('notice.request_id', '=', 'challenge.request_id')
        .where('kind', '=', 'proof')
        .orderBy('round', 'desc')
        .limit(1)
        .as('mail'),
    ])
    .where('request_id', '=', requestId)
    .executeTakeFirst();
}

/** Records that another mail is requested. Without a code the tries begin again, since there is nothing to guess. */
export async function recordMailRequest(trx: Db, requestId: string, tries: number): Promise<void> {
  await trx
    .updateTable('challenge')
    .set({
      asked_at: sql<Date>`clock_timestamp()`,
      tries_left: sql<number>`case when sealed_code is null then ${tries}::int else tries_left end`,
    })
    .where('request_id', '=', requestId)
    .execute();
}

/** Puts the code and the link of a mail into force, in place of the earlier ones. */
export async function armChallenge(
  trx: Db,
  requestId: string,
  {
    sealedCode,
    linkHash,
    seconds,
    tries,
  }: {
    sealedCode: string;
    linkHash: Buffer;
    seconds: number;
    tries: number;
  },
): Promise<void> {
  await trx
    .updateTable('challenge')
    .set({
      sealed_code: sealedCode,
      link_hash: linkHash,
      expires_at: sql<Date>`clock_timestamp() + ${seconds} * interval '1 second'`,
      tries_left: tries,
    })
    .where('request_id', '=', requestId)
    .execute();
}

/**
 * Spends one try of a mail's code. A simultaneous try waits until the transaction ends.
 *
 * @returns the code to compare with, null before the mail; undefined when no try is left, or for another browser
 */
export function spendTry(
  trx: Db,
  requestId: string,
  browser: Buffer,
): Promise<{ sealedCode: string | null; live: boolean; triesLeft: number } | undefined> {
  return trx
    .updateTable('challenge')
    .set({ tries_left: sql<number>`tries_left - 1` })
    .where('request_id', '=', requestId)
    .where('browser_hash', '=', browser)
    .where('tries_left', '>', 0)
    .returning([
      'sealed_code as sealedCode',
      sql<boolean>`coalesce(expires_at > clock_timestamp(), false)`.as('live'),
      'tries_left as triesLeft',
    ])
    .executeTakeFirst();
}

/** The request of a link, and whether the link is valid. */
export function findLink(
  db: Db,
  linkHash: Buffer,
): Promise<{ requestId: string; live: boolean } | undefined> {
  return db
    .selectFrom('challenge')
    .select([
      'request_id as requestId',
      sql<boolean>`coalesce(expires_at > clock_timestamp(), false)`.as('live'),
    ])
    .where('link_hash', '=', linkHash)
    .executeTakeFirst();
}

/**
 * Uses up a mail's code and link, named by either. Returns false when they were used before, have expired, or a newer mail has
 * replaced them.
 */
export async function useUpChallenge(
  trx: Db,
  by: { sealedCode: string } | { linkHash: Buffer },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('challenge')
    .set({ sealed_code: null, expires_at: null, tries_left: 0 })
    .where((is) =>
      'sealedCode' in by ? is('sealed_code', '=', by.sealedCode) : is('link_hash', '=', by.linkHash),
    )
    .where('expires_at', '>', sql<Date>`clock_timestamp()`)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
