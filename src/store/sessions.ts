import { sql } from 'kysely';
import { fromNow, type Db } from './schema.js';

// Sessions live and end by the database's clock: one whose instance goes wrong must not sign everybody out.

/** What a session holds, unless it is over. */
export async function findSession(db: Db, sid: string): Promise<object | null> {
  const { rows } = await sql<{ sess: object }>`
    select sess from session where sid = ${sid} and expire > now()`.execute(db);
  return rows[0]?.sess ?? null;
}

/** Stores a session for `seconds`, in the place of one with that id. */
export async function putSession(db: Db, sid: string, sess: object, seconds: number): Promise<void> {
  await sql`
    insert into session (sid, sess, expire) values (${sid}, ${JSON.stringify(sess)}::json, ${fromNow(seconds)})
    on conflict (sid) do update set sess = excluded.sess, expire = excluded.expire`.execute(db);
}

/** Stores what a session holds by now, for `seconds`. One that was ended meanwhile stays ended. */
export async function updateSession(db: Db, sid: string, sess: object, seconds: number): Promise<void> {
  await sql`
    update session set sess = ${JSON.stringify(sess)}::json, expire = ${fromNow(seconds)}
    where sid = ${sid}`.execute(db);
}

/** Lets a session live for `seconds` from now, if that is more than `leastGain` longer than it would. */
export async function prolongSession(db: Db, sid: string, seconds: number, leastGain: number): Promise<void> {
  await sql`
    update session set expire = ${fromNow(seconds)}
    where sid = ${sid} and expire < ${fromNow(seconds - leastGain)}`.execute(db);
}

export async function deleteSession(db: Db, sid: string): Promise<void> {
  await sql`delete from session where sid = ${sid}`.execute(db);
}

/** Removes the sessions that are over. */
export async function deleteEndedSessions(db: Db): Promise<void> {
  await sql`delete from session where expire <= now()`.execute(db);
}
