import { sql } from 'kysely';
import { fromNow } from './fromNow.js';
import type { Db } from './schema.js';

// Sessions end by the database's clock: an instance whose clock is wrong must not sign everybody out.

/** The contents of a session that has not ended. */
export async function findSession(db: Db, sid: string): Promise<object | null> {
  const { rows } = await sql<{ sess: object }>`
    select sess from session where sid = ${sid} and expire > now()`.execute(db);
  return rows[0]?.sess ?? null;
}

/** Stores a session for `seconds`, and replaces one with the same id. */
export async function putSession(db: Db, sid: string, sess: object, seconds: number): Promise<void> {
  await sql`
    insert into session (sid, sess, expire) values (${sid}, ${JSON.stringify(sess)}::json, ${fromNow(seconds)})
    on conflict (sid) do update set sess = excluded.sess, expire = excluded.expire`.execute(db);
}

/** Stores a session's new contents for `seconds`. A session that was ended meanwhile stays ended. */
export async function updateSession(db: Db, sid: string, sess: object, seconds: number): Promise<void> {
  await sql`
    update session set sess = ${JSON.stringify(sess)}::json, expire = ${fromNow(seconds)}
    where sid = ${sid}`.execute(db);
}

/** Prolongs a session to `seconds` from now, if it gains more than `leastGain` seconds by it. */
export async function prolongSession(db: Db, sid: string, seconds: number, leastGain: number): Promise<void> {
  await sql`
    update session set expire = ${fromNow(seconds)}
    where sid = ${sid} and expire < ${fromNow(seconds - leastGain)}`.execute(db);
}

export async function deleteSession(db: Db, sid: string): Promise<void> {
  await sql`delete from session where sid = ${sid}`.execute(db);
}

/** Removes the sessions that have ended. */
export async function deleteEndedSessions(db: Db): Promise<void> {
  await sql`delete from session where expire <= now()`.execute(db);
}
