import { createHash } from 'node:crypto';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { Log } from '../log.js';
import type { SignIn } from './passwordless.js';

/** A pool of connections to PostgreSQL. */
export function openPool(signIn: SignIn, log: Log): PostgresPool {
  const pool = new pg.Pool({
    ...signIn.settings,
    max: 10,
    connectionTimeoutMillis: 5_000,
    // A statement that outlives its page would keep a connection from others.
    statement_timeout: 30_000,
    // A frozen process must not keep the locks of its transaction.
    idle_in_transaction_session_timeout: 15_000,
    keepAlive: true,
    application_name: 'partner-portal',
  });
  // A broken connection is replaced at the next use, but without a listener it ends the process. The pool listens only
  // to idle connections, and reports those itself.
  pool.on('connect', (client) => {
    client.on('error', (error) => {
      log.warn({ err: error }, 'database connection lost');
    });
  });
  pool.on('error', () => undefined);
  return preparing(pool, signIn);
}

/** There are fewer different inserts: more would mean that a text is built from data. */
const MOST_PREPARED = 100;

/**
 * Lets each connection plan an insert once: planning is half of what the queue's insert costs, and a fifth of an accepted
 * sign-up. Selects stay unprepared, since a migration by a newer instance may change what `*` gives. (PgBouncer in
 * transaction mode needs 1.21 or newer for this.)
 */
function preparing(pool: pg.Pool, signIn: SignIn): PostgresPool {
  const names = new Map<string, string>();
  const named = (text: string, values: unknown[]): pg.QueryConfig => {
    if (!/^\s*(insert|with inserted)\b/i.test(text)) return { text, values };
    if (!names.has(text) && names.size < MOST_PREPARED) {
      names.set(text, createHash('sha256').update(text).digest('base64url').slice(0, 22));
    }
    const name = names.get(text);
    return name === undefined ? { text, values } : { name, text, values };
  };
  return {
    end: () => pool.end(),
    async connect() {
      const client = await signIn.enter(() => pool.connect());
      const query = (text: string, values: readonly unknown[]) => client.query(named(text, [...values]));
      return {
        // Kysely would take cursors here too; nothing uses them.
        query: query as unknown as PostgresPoolClient['query'],
        release: () => {
          client.release(signIn.outlived(client));
        },
      };
    },
  };
}
