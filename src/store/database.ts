import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { types } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import {
  Kysely,
  PostgresDialect,
  sql,
  type Dialect,
  type PostgresPool,
  type PostgresPoolClient,
} from 'kysely';
import pg from 'pg';
import type { Config } from '../config.js';
import type { Log } from '../log.js';
import { takeExclusiveLock } from './exclusiveLock.js';
import { migrateToLatest } from './migrations/index.js';
import { pgliteDialect } from './pgliteDialect.js';
import type { Database, Db } from './schema.js';

export type Store = {
  db: Db;
  /** True when no other process can work on this store. */
  exclusive: boolean;
  /** Rejects when the store does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

/**
 * Opens PostgreSQL (`databaseUrl`) or the embedded store (`dataDir`) and brings its schema up to date; without
 * `migrate` the schema stays as it is, for whoever only looks.
 *
 * @throws Error when another process has the embedded store open, or PostgreSQL cannot be reached
 */
export async function openStore(
  config: Pick<Config, 'databaseUrl' | 'dataDir'>,
  log: Log,
  { migrate = true }: { migrate?: boolean } = {},
): Promise<Store> {
  const opened = config.databaseUrl ? postgres(config.databaseUrl, log) : await embedded(config.dataDir);
  const db = new Kysely<Database>({ dialect: opened.dialect });
  const close = async () => {
    await db.destroy();
    await opened.release();
  };
  try {
    if (migrate) await migrateToLatest(db);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    db,
    exclusive: config.databaseUrl === null,
    async ping() {
      await sql`select 1`.execute(db);
    },
    close,
  };
}

type Opened = { dialect: Dialect; release(): Promise<void> };

function postgres(url: string, log: Log): Opened {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 5_000,
    // A statement that outlives its page would hold a connection that others wait for.
    statement_timeout: 30_000,
    // Nor may a process that has frozen keep the locks of its transaction.
    idle_in_transaction_session_timeout: 15_000,
    keepAlive: true,
    application_name: 'partner-portal',
  });
  // A connection that breaks is replaced at the next use; without a listener it ends the process. The pool listens
  // to idle ones only, and reports those itself.
  pool.on('connect', (client) => {
    client.on('error', (error) => {
      log.warn({ err: error }, 'database connection lost');
    });
  });
  pool.on('error', () => undefined);
  return { dialect: new PostgresDialect({ pool: preparing(pool) }), release: () => Promise.resolve() };
}

/** More different inserts than there are would mean that a text is built from data. */
const MOST_PREPARED = 100;

/**
 * Lets each connection plan an insert once: planning is half of what the queue's insert costs, and a fifth of an accepted
 * sign-up. Selects stay unprepared, since a migration by a newer instance may change what `*` gives. (PgBouncer in
 * transaction mode needs 1.21 or newer for this.)
 */
function preparing(pool: pg.Pool): PostgresPool {
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
      const client = await pool.connect();
      const query = (text: string, values: readonly unknown[]) => client.query(named(text, [...values]));
      return {
        // Kysely would take cursors here too; nothing uses them.
        query: query as unknown as PostgresPoolClient['query'],
        release: () => {
          client.release();
        },
      };
    },
  };
}

async function embedded(dataDir: string): Promise<Opened> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const folder = join(dataDir, 'store');
  const lock = await takeExclusiveLock(join(dataDir, 'store.lock'), `The embedded store ${folder}`);
  try {
    const pglite = await PGlite.create(folder);
    return { dialect: pgliteDialect(pglite), release: () => lock.release() };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** No connection, read-only, no resources (disk, memory, connections), shut down, out of time: errcodes-appendix of PostgreSQL. */
const DOWN_SQLSTATE = /^(08|25006|53|57P|57014)/;
const DOWN_SYSTEM = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN']);
/** The driver gives no code with these. */
const DOWN_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered)/;

/** Whether an error means that the store could not be reached, rather than that a statement was wrong. */
export function isStoreDown(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return DOWN_SQLSTATE.test(code) || DOWN_SYSTEM.has(code) || DOWN_MESSAGE.test(error.message);
}

/** Whether a statement failed because a row of that kind is there already (23505: errcodes-appendix of PostgreSQL). */
export function isUniqueViolation(error: unknown): boolean {
  return types.isNativeError(error) && (error as { code?: string }).code === '23505';
}
