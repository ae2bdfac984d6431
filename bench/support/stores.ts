import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { createLog } from '../../src/log.js';
import { openStore } from '../../src/store/database.js';

export type StoreKind = 'embedded' | 'PostgreSQL';

/** Rows; of sessions those that have not ended. */
type Counts = Record<'requests' | 'auditEvents' | 'due' | 'sessions', number>;

/** An empty store of a bench's own, with the portal's tables and its queue. */
export type BenchStore = {
  kind: StoreKind;
  env: { DATABASE_URL: string; DATA_DIR: string };
  /** Rows, to be asked while no process has the store open. */
  count(): Promise<Counts>;
  remove(): Promise<void>;
};

const server = process.env.DATABASE_URL;

/** The embedded store, and PostgreSQL where DATABASE_URL names a server. */
export const storeKinds: StoreKind[] = server ? ['embedded', 'PostgreSQL'] : ['embedded'];

export async function createStore(kind: StoreKind): Promise<BenchStore> {
  const folder = await mkdtemp(join(tmpdir(), 'portal-bench-'));
  const database = kind === 'PostgreSQL' ? await createDatabase() : null;
  const log = createLog('warn');
  const config = { databaseUrl: database?.url ?? null, dataDir: folder };
  const store = await openStore(config, log);
  await store.close();
  return {
    kind,
    env: { DATABASE_URL: config.databaseUrl ?? '', DATA_DIR: folder },
    async count() {
      const counted = await openStore(config, log);
      const { rows } = await sql<Counts>`
        select (select count(*)::int from request) as requests,
               (select count(*)::int from audit_event where action = 'request.submitted') as "auditEvents",
               (select count(*)::int from request where due_at is not null) as due,
               (select count(*)::int from session where expire > now()) as sessions`.execute(counted.db);
      await counted.close();
      if (!rows[0]) throw new Error('The store was not counted');
      return rows[0];
    },
    async remove() {
      await database?.drop();
      await rm(folder, { recursive: true });
    },
  };
}

async function createDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `portal_bench_${randomBytes(6).toString('hex')}`;
  await onServer(`create database ${name}`);
  const url = new URL(server ?? '');
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(`drop database ${name} with (force)`) };
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
