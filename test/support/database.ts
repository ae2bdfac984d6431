import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';

/** Where a test's portal stores things: a PostgreSQL database of its own, or an embedded store in a folder of its own. */
export type TestDatabase = { databaseUrl: string | null; dataDir: string; remove(): Promise<void> };

/** PostgreSQL when DATABASE_URL is set, as in CI's second run, else the embedded store. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'portal-test-'));
  const removeFolder = () => rm(dataDir, { recursive: true, force: true });
  const server = process.env.DATABASE_URL;
  if (!server) {
    await cp(await emptyStore(), join(dataDir, 'store'), { recursive: true });
    return { databaseUrl: null, dataDir, remove: removeFolder };
  }

  const name = `portal_test_${randomBytes(6).toString('hex')}`;
  await onServer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    databaseUrl: url.href,
    dataDir,
    async remove() {
      await onServer(server, `drop database if exists ${name} with (force)`);
      await removeFolder();
    },
  };
}

/**
 * A folder as PGlite makes it at its first start, which takes seconds; it holds no table of ours. Made once and kept beside the
 * installed packages, under the version that made it.
 */
async function emptyStore(): Promise<string> {
  const { version } = JSON.parse(
    await readFile('node_modules/@electric-sql/pglite/package.json', 'utf8'),
  ) as { version: string };
  const kept = join('node_modules', '.cache', `empty-store-${version}`);
  if (existsSync(kept)) return kept;
  const draft = `${kept}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  await (await PGlite.create(draft)).close();
  await rename(draft, kept).catch(async (error: unknown) => {
    // Another worker was faster.
    if (!existsSync(kept)) throw error;
    await rm(draft, { recursive: true });
  });
  return kept;
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
