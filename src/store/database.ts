import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { types } from 'node:util';
import { Kysely, PostgresDialect, sql, type Dialect } from 'kysely';
import { codeOf } from '../codeOf.js';
import type { Config } from '../config.js';
import { IdentityFault } from '../entra/managedIdentity.js';
import type { Log } from '../log.js';
import { takeExclusiveLock } from './exclusiveLock.js';
import { migrateToLatest } from './migrations/index.js';
import { signInByIdentity, signInByUrl } from './passwordless.js';
import { pgliteDialect } from './pgliteDialect.js';
import { openPool } from './pool.js';
import type { Database, Db } from './schema.js';

export type Store = {
  db: Db;
  /** True when no other process can work on this store. */
  exclusive: boolean;
  /** Rejects when the store does not answer, or has refused a write and still does. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

/** Where the store is. By default the URL says how to sign in. */
export type StoreConfig = Pick<Config, 'databaseUrl' | 'dataDir'> &
  Partial<Pick<Config, 'databaseSignIn' | 'managedIdentity'>>;

/**
 * Opens PostgreSQL (`databaseUrl`) or the embedded store (`dataDir`) and migrates its schema; without `migrate` the schema
 * stays as it is, for commands that only read.
 *
 * @throws Error when another process has the embedded store open, or PostgreSQL cannot be reached
 */
export async function openStore(
  config: StoreConfig,
  log: Log,
  { migrate = true }: { migrate?: boolean } = {},
): Promise<Store> {
  const opened = config.databaseUrl
    ? await postgres(config.databaseUrl, config, log)
    : await embedded(config.dataDir);
  // Reading may go on for long after nothing can be written any more.
  let writable = true;
  const db = new Kysely<Database>({
    dialect: opened.dialect,
    log(event) {
      if (event.level === 'error' && UNWRITABLE_SQLSTATE.test(codeOf(event.error))) writable = false;
    },
  });
  const close = async () => {
    await db.destroy();
    await opened.release();
  };
  try {
    if (migrate) {
      await opened.prepare();
      await migrateToLatest(db);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    db,
    exclusive: config.databaseUrl === null,
    async ping() {
      if (writable) await sql`select 1`.execute(db);
      else await tryWriting(db);
      writable = true;
    },
    close,
  };
}

/** Whether the store exists: the folder of an embedded store is made when a portal first starts. */
export function isStoreMade({ databaseUrl, dataDir }: StoreConfig): boolean {
  return databaseUrl !== null || existsSync(embeddedFolder(dataDir));
}

type Opened = { dialect: Dialect; prepare(): Promise<void>; release(): Promise<void> };

async function postgres(
  url: string,
  { databaseSignIn = 'url', managedIdentity = null }: StoreConfig,
  log: Log,
): Promise<Opened> {
  const signIn =
    databaseSignIn === 'managedIdentity' && managedIdentity
      ? await signInByIdentity(url, managedIdentity, log)
      : signInByUrl(url);
  return {
    dialect: new PostgresDialect({ pool: openPool(signIn, log) }),
    prepare: () => signIn.prepare(),
    release: () => Promise.resolve(),
  };
}

const embeddedFolder = (dataDir: string) => join(dataDir, 'store');

async function embedded(dataDir: string): Promise<Opened> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const folder = embeddedFolder(dataDir);
  const lock = await takeExclusiveLock(join(dataDir, 'store.lock'), `The embedded store ${folder}`);
  try {
    await requireWholeStore(dataDir, folder);
    const { PGlite } = await import('@electric-sql/pglite');
    const pglite = await PGlite.create(folder).catch((error: unknown) => {
      throw new UnusableStore(`The embedded store ${folder} can't be read: ${reasonOf(error)}`);
    });
    await writeFile(madeFile(dataDir), 'The folder beside this file holds a store.\n', { flag: 'a' });
    return {
      dialect: pgliteDialect(pglite),
      prepare: () => Promise.resolve(),
      release: () => lock.release(),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Read-only, and no resources (disk, memory): errcodes-appendix of PostgreSQL. */
const UNWRITABLE_SQLSTATE = /^(25006|53[123]00)/;

/** Asks for as much disk as a busy minute takes, and gives it back. */
async function tryWriting(db: Db): Promise<void> {
  // Several instances may try at once.
  const probe = sql.table(`write_probe_${randomUUID().slice(0, 8)}`);
  await db.transaction().execute(async (trx) => {
    await sql`create table ${probe} as
      select md5(n::text) || md5((n + 1)::text) as filling from generate_series(1, 20000) as n`.execute(trx);
    await sql`drop table ${probe}`.execute(trx);
  });
}

/** The embedded store is damaged or gone: a message to the operator. */
export class UnusableStore extends Error {
  override name = 'UnusableStore';
}

/** Says that a store was made here, so that one that is gone is not taken for one that never was. */
const madeFile = (dataDir: string) => join(dataDir, 'store.made');

/** PostgreSQL writes this file first and never removes it. */
const isWhole = (folder: string) => existsSync(join(folder, 'PG_VERSION'));

/** @throws {UnusableStore} where a store was, and no whole one is any more: an empty one in its place would hide the loss */
async function requireWholeStore(dataDir: string, folder: string): Promise<void> {
  if (isWhole(folder)) return;
  const left = await readdir(folder).catch(() => []);
  if (left.length === 0 && !existsSync(madeFile(dataDir))) return;
  throw new UnusableStore(
    `The embedded store ${folder} is no longer complete. Restore it from a backup; ` +
      `to start with an empty one, remove that folder and ${madeFile(dataDir)}.`,
  );
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}

/** No connection, not let in, read-only, no resources (disk, memory, connections), shut down, out of time: errcodes-appendix of PostgreSQL. */
const DOWN_SQLSTATE = /^(08|28|25006|53|57P|57014)/;
const DOWN_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
]);
/** The driver gives no code with these. */
const DOWN_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered|The server does not support SSL|There was an error establishing an SSL)/;

/** Whether an error means that the store could not be reached, rather than that a statement was wrong. */
export function isStoreDown(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const code = codeOf(error);
  return (
    error instanceof IdentityFault ||
    isUntrusted(error) ||
    DOWN_SQLSTATE.test(code) ||
    DOWN_SYSTEM.has(code) ||
    DOWN_MESSAGE.test(error.message)
  );
}

/** The names of OpenSSL's findings, and Node's own (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
const UNTRUSTED = /^(ERR_TLS_CERT_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH)/;

/** Whether the server's certificate could not be trusted. */
export function isUntrusted(error: unknown): boolean {
  return types.isNativeError(error) && UNTRUSTED.test(codeOf(error));
}

/** Whether a statement failed because such a row exists already (23505: errcodes-appendix of PostgreSQL). */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505';
}

/** The server's version as PostgreSQL numbers it: 150004 is 15.4. */
export async function serverVersion(db: Db): Promise<number> {
  const { rows } = await sql<{ version: number }>`
    select current_setting('server_version_num')::int as version`.execute(db);
  return rows[0]?.version ?? 0;
}
