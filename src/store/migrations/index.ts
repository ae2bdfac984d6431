import { types } from 'node:util';
import { Migrator, type Kysely, type Migration } from 'kysely';
import * as requests from './0001-requests.js';
import * as administration from './0002-administration.js';
import * as requestList from './0003-request-list.js';
import * as policyVersions from './0004-policy-versions.js';
import * as auditChain from './0005-audit-chain.js';
import * as notices from './0006-notices.js';

/** Append-only: a migration that has been merged is never edited, renamed or reordered. */
const migrations: Record<string, Migration> = {
  '0001-requests': requests,
  '0002-administration': administration,
  '0003-request-list': requestList,
  '0004-policy-versions': policyVersions,
  '0005-audit-chain': auditChain,
  '0006-notices': notices,
};

/** How many migrations a database still lacks. Changes nothing. */
export async function pendingMigrations<T>(db: Kysely<T>): Promise<number> {
  const all = await migratorFor(db).getMigrations();
  return all.filter(({ executedAt }) => executedAt === undefined).length;
}

/**
 * Brings the schema up to date. Kysely's Migrator holds an advisory lock meanwhile, so several
 * instances may start together.
 *
 * @throws the first migration's error; nothing of that migration is left behind
 */
export async function migrateToLatest<T>(db: Kysely<T>): Promise<void> {
  const { error } = await migratorFor(db).migrateToLatest();
  if (error) throw types.isNativeError(error) ? error : new Error('A migration failed', { cause: error });
}

function migratorFor<T>(db: Kysely<T>): Migrator {
  return new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
}
