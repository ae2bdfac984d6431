import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { createLog } from '../../src/log.js';
import { openStore } from '../../src/store/database.js';
import { keptFolder, keyOf } from './kept.js';

/** Where a test's portal stores things: a PostgreSQL database of its own, or an embedded store in a folder of its own. */
export type TestDatabase = { databaseUrl: string | null; dataDir: string; remove(): Promise<void> };

// Making the schema takes seconds: it is made once, in a template that each test's database is a copy of. Templates go by a
// key of all that makes the schema, so that a changed migration makes another one.

const MIGRATIONS = 'src/store/migrations';
const PGLITE = 'node_modules/@electric-sql/pglite/package.json';
const KEPT_STORES = join('node_modules', '.cache');

/**
 * PostgreSQL when DATABASE_URL is set, as in CI's second run, else the embedded store; with today's schema in it and nothing
 * else, or as `empty` as a portal finds it that starts for the first time.
 */
export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'portal-test-'));
  const removeFolder = () => rm(dataDir, { recursive: true, force: true });
  const server = process.env.DATABASE_URL;
  if (!server) {
    const store = empty ? await emptyStore() : await storeWithSchema();
    await cp(store, join(dataDir, 'store'), { recursive: true });
    return { databaseUrl: null, dataDir, remove: removeFolder };
  }

  const name = `portal_test_${randomBytes(6).toString('hex')}`;
  await onServer(
    server,
    `create database ${name}${empty ? '' : ` template ${await templateWithSchema(server)}`}`,
  );
  return {
    databaseUrl: urlOf(server, name),
    dataDir,
    async remove() {
      await onServer(server, `drop database if exists ${name} with (force)`);
      await removeFolder();
    },
  };
}

/** Makes what `createTestDatabase` copies, so that no test has to wait for it. */
export async function prepareTestDatabases(): Promise<void> {
  const server = process.env.DATABASE_URL;
  await (server ? templateWithSchema(server) : storeWithSchema());
}

/** A folder as PGlite makes it at its first start; it holds no table of ours. Kept beside the installed packages. */
async function emptyStore(): Promise<string> {
  return keptFolder(KEPT_STORES, 'empty-store', await keyOf([PGLITE]), async (folder) => {
    await (await PGlite.create(folder)).close();
  });
}

async function storeWithSchema(): Promise<string> {
  const dataDir = await keptFolder(KEPT_STORES, 'store', await schemaKey(), async (folder) => {
    await cp(await emptyStore(), join(folder, 'store'), { recursive: true });
    await makeSchema({ databaseUrl: null, dataDir: folder });
  });
  return join(dataDir, 'store');
}

let template: Promise<string> | undefined;

/** The name of the database with the schema in it; made under a lock, and complete once it has its name. */
function templateWithSchema(server: string): Promise<string> {
  return (template ??= schemaKey().then((key) => makeTemplate(server, `portal_template_${key}`)));
}

async function makeTemplate(server: string, name: string): Promise<string> {
  const draft = `${name}_draft`;
  await withClient(server, async (client) => {
    const exists = async () =>
      (await client.query('select from pg_database where datname = $1', [name])).rowCount === 1;
    if (await exists()) return;
    await client.query(`select pg_advisory_lock(hashtextextended('template of the portal''s tests', 0))`);
    if (await exists()) return;
    await client.query(`drop database if exists ${draft} with (force)`);
    await client.query(`create database ${draft}`);
    await makeSchema({ databaseUrl: urlOf(server, draft), dataDir: '' });
    await client.query(`alter database ${draft} rename to ${name}`);
  });
  return name;
}

async function schemaKey(): Promise<string> {
  const migrations = (await readdir(MIGRATIONS)).sort().map((name) => join(MIGRATIONS, name));
  return keyOf([...migrations, PGLITE]);
}

async function makeSchema(at: { databaseUrl: string | null; dataDir: string }): Promise<void> {
  const store = await openStore(at, createLog('silent'));
  await store.close();
}

function urlOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

async function onServer(url: string, statement: string): Promise<void> {
  await withClient(url, (client) => client.query(statement));
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
