import { Kysely, Migrator, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { createLog } from '../../src/log.js';
import { isStoreDown, openStore, type Store } from '../../src/store/database.js';
import * as first from '../../src/store/migrations/0001-requests.js';
import { pendingMigrations } from '../../src/store/migrations/index.js';
import { insertPause, pauseSecondsLeft } from '../../src/store/pauses.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { createTestDatabase } from '../support/database.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';
import { waitFor } from '../support/waitFor.js';

let store: TestStore;

// The embedded store has one process and no connections: shown as skipped there, not as passed.
const onPostgres = process.env.DATABASE_URL ? test : test.skip;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());

test('no statement of one lands in the transaction of another', async () => {
  const rolledBack = store.db.transaction().execute(async (trx) => {
    await insertARequest(trx, aRequest({ address: 'inside@fabrikam.com' }));
    await sql`select pg_sleep(0.2)`.execute(trx);
    throw new Error('roll back');
  });
  const beside = insertARequest(store.db, aRequest({ address: 'beside@fabrikam.com' }));
  await expect(rolledBack).rejects.toThrow('roll back');
  expect(await beside).toBe(true);
  const rows = await store.db.selectFrom('request').select('address').execute();
  expect(rows).toEqual([{ address: 'beside@fabrikam.com' }]);
});

test('a transaction that fails leaves the store usable', async () => {
  await expect(store.db.transaction().execute((trx) => sql`select 1/0`.execute(trx))).rejects.toThrow(
    /division by zero/,
  );
  await store.ping();
});

test('what was written is there after closing and opening again; migrations run once', async () => {
  const database = await createTestDatabase({ empty: true });
  const log = createLog('silent');
  const first = await openStore(database, log);
  await insertARequest(first.db, aRequest());
  await first.close();
  const second = await openStore(database, log);
  expect(await second.db.selectFrom('request').select('address').execute()).toHaveLength(1);
  await second.close();
  await database.remove();
});

test('a database that a newer version has migrated further is taken as it is', async () => {
  const database = await createTestDatabase();
  const log = createLog('silent');
  const newer = await openStore(database, log);
  await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '')`.execute(newer.db);
  await newer.close();
  const older = await openStore(database, log);
  expect(await insertARequest(older.db, aRequest())).toBe(true);
  await older.close();
  await database.remove();
});

onPostgres('a migration gives way to those who work, and comes back', async () => {
  const database = await createTestDatabase({ empty: true });
  const pool = new pg.Pool({ connectionString: database.databaseUrl ?? '' });
  const older = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  const getMigrations = () => Promise.resolve({ '0001-requests': first });
  await new Migrator({ db: older, provider: { getMigrations } }).migrateToLatest();
  let migrated: Promise<Store> | undefined;
  await older.transaction().execute(async (trx) => {
    // As a sign-up takes it.
    await sql`lock table request in row exclusive mode`.execute(trx);
    migrated = openStore(database, createLog('silent'));
    // Longer than a migration waits for a lock; a sign-up that came behind it would wait as long.
    await sql`select pg_sleep(4)`.execute(trx);
  });
  const store = await migrated;
  expect(store && (await pendingMigrations(store.db))).toBe(0);
  await store?.close();
  await older.destroy();
  await database.remove();
});

onPostgres('several instances may migrate one PostgreSQL at once', async () => {
  const database = await createTestDatabase({ empty: true });
  const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(database, createLog('silent'))));
  for (const one of stores) await one.ping();
  await Promise.all(stores.map((one) => one.close()));
  await database.remove();
});

onPostgres(
  'a connection that is cut in the middle of a transaction fails that transaction, and nothing else',
  async () => {
    const cut = store.db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx);
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(store.db);
      await waitFor('the connection to be gone', async () => {
        const found = await sql`select from pg_stat_activity where pid = ${rows[0]?.pid}`.execute(store.db);
        return found.rows.length === 0;
      });
      await sql`select 1`.execute(trx);
    });
    expect(isStoreDown(await cut.catch((error: unknown) => error))).toBe(true);
    await store.ping();
  },
);

test('a pause is as long as the longest asked for', async () => {
  await insertPause(store.db, 'graph', 60);
  await insertPause(store.db, 'graph', 5);
  const left = await pauseSecondsLeft(store.db, ['graph']);
  expect(left).toBeGreaterThan(50);
  expect(left).toBeLessThanOrEqual(60);
  expect(await pauseSecondsLeft(store.db, ['another'])).toBe(0);
});

test('a server that is not there is told from a statement that is wrong', async () => {
  const nowhere = openStore(
    { databaseUrl: 'postgres://127.0.0.1:1/portal', dataDir: '' },
    createLog('silent'),
  );
  const error: unknown = await nowhere.catch((reason: unknown) => reason);
  expect(isStoreDown(error)).toBe(true);
  const wrong: unknown = await sql`select nothing`.execute(store.db).catch((reason: unknown) => reason);
  expect(isStoreDown(wrong)).toBe(false);
});
