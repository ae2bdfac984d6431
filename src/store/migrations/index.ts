import { setTimeout as sleep } from 'node:timers/promises';
import { types } from 'node:util';
import { Migrator, sql, type Kysely, type Migration } from 'kysely';
import { codeOf } from '../../codeOf.js';
import * as requests from './0001-requests.js';
import * as administration from './0002-administration.js';
import * as requestList from './0003-request-list.js';
import * as policyVersions from './0004-policy-versions.js';
import * as auditChain from './0005-audit-chain.js';
import * as notices from './0006-notices.js';
import * as proof from './0007-proof.js';
import * as retention from './0008-retention.js';
import * as queue from './0009-queue.js';
import * as submissions from './0010-submissions.js';
import * as guests from './0011-guests.js';
import * as pacing from './0012-pacing.js';
import * as runs from './0013-runs.js';
import * as licences from './0014-licences.js';

/** Append-only: a migration that has been merged is never edited, renamed or reordered. */
const migrations: Record<string, Migration> = {
  '0001-requests': requests,
  '0002-administration': administration,
  '0003-request-list': requestList,
  '0004-policy-versions': policyVersions,
  '0005-audit-chain': auditChain,
  '0006-notices': notices,
  '0007-proof': proof,
  '0008-retention': retention,
  '0009-queue': queue,
  '0010-submissions': submissions,
  '0011-guests': guests,
  '0012-pacing': pacing,
  '0013-runs': runs,
  '0014-licences': licences,
};

/** How many migrations a database still lacks. Changes nothing. */
export async function pendingMigrations<T>(db: Kysely<T>): Promise<number> {
  const all = await migratorFor(db).getMigrations();
  return all.filter(({ executedAt }) => executedAt === undefined).length;
}

/** While others work with the tables, a lock may be out of reach for a moment: so often it is tried, a second apart. */
const ATTEMPTS = 30;
/** Deadlock, lock not available, statement out of time: errcodes-appendix of PostgreSQL. */
const LOCKED_OUT = /^(40P01|55P03|57014)$/;

/**
 * Brings the schema up to date, each migration in a transaction of its own, since each lock that is held makes older
 * instances wait, which go on working meanwhile. Kysely's Migrator holds an advisory lock, so several instances may start
 * together. A database that a newer version has migrated further is left as it is: migrations only add.
 *
 * @throws the first migration's error; nothing of that migration is left behind
 */
export async function migrateToLatest<T>(db: Kysely<T>): Promise<void> {
  if (await isAhead(db)) return;
  for (let attempt = 1; ; attempt++) {
    const { error, results = [] } = await migratorFor(db).migrateUp();
    if (!error && results.length === 0) return;
    if (!error) attempt = 0;
    else if (attempt < ATTEMPTS && LOCKED_OUT.test(codeOf(error))) await sleep(1_000);
    else throw types.isNativeError(error) ? error : new Error('A migration failed', { cause: error });
  }
}

/** Whether the database has all migrations that this version knows, and further ones. */
async function isAhead<T>(db: Kysely<T>): Promise<boolean> {
  const { rows: tables } = await sql`select to_regclass('kysely_migration') as made`.execute(db);
  if ((tables[0] as { made: unknown }).made === null) return false;
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  const executed = new Set(rows.map(({ name }) => name));
  const known = Object.keys(migrations);
  return known.every((name) => executed.has(name)) && executed.size > known.length;
}

function migratorFor<T>(db: Kysely<T>): Migrator {
  const patient = Object.entries(migrations).map(([name, migration]): [string, Migration] => [
    name,
    { up: (trx) => briefly(trx, migration) },
  ]);
  return new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(Object.fromEntries(patient)) },
  });
}

/** Gives up a lock that is not to be had soon, behind which everybody else would queue; what it works on may take its time. */
async function briefly(trx: Kysely<unknown>, migration: Migration): Promise<void> {
  await sql`set local lock_timeout = '3s'`.execute(trx);
  await sql`set local statement_timeout = 0`.execute(trx);
  await migration.up(trx);
}
