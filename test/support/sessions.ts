import { sql } from 'kysely';
import type { TestPortal } from './portal.js';

export type StoredSession = { sid: string; sess: Record<string, unknown>; expire: string };

/** The sessions that a portal keeps, and the people whom its tenant knows, for tests of what becomes of them. */
export function sessionsOf(portal: () => TestPortal) {
  const db = () => portal().deps.store.db;
  const control = (path: string) => `${portal().tenant.peopleUrl}/control/${path}`;
  return {
    /** Forgets every session, and what was changed in the tenant. */
    reset: async (): Promise<void> => {
      await fetch(control('reset'), { method: 'POST' });
      await sql`delete from session`.execute(db());
    },
    stored: async (): Promise<StoredSession[]> => {
      const { rows } = await sql<StoredSession>`
        select sid, sess, expire::text as expire from session order by sid`.execute(db());
      return rows;
    },
    /** Puts a moment that sessions remember into the past. */
    dated: async (name: string, secondsAgo: number): Promise<void> => {
      const moment = Date.now() - secondsAgo * 1000;
      await sql`
        update session set sess = jsonb_set(sess::jsonb, array[${name}], to_jsonb(${moment}::float8))`.execute(
        db(),
      );
    },
    /** Changes a person in the tenant. */
    change: async (oid: string, body: object): Promise<void> => {
      const answer = await fetch(control(`users/${oid}`), {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
  };
}
