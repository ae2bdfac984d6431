import { types } from 'node:util';
import { Migrator, type Kysely, type Migration } from 'kysely';
import * as requests from './0001-requests.js';
import * as administration from './0002-administration.js';

/** Append-only: a migration that has been merged is never edited, renamed or reordered. */
const migrations: Record<string, Migration> = {
  '0001-requests': requests,
  '0002-administration': administration,
};

/**
 * Brings the schema up to date. Kysely's Migrator holds an advisory lock meanwhile, so several
 * instances may start together.
 *
 * @throws the first migration's error; nothing of that migration is left behind
 */
export async function migrateToLatest<T>(db: Kysely<T>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw types.isNativeError(error) ? error : new Error('A migration failed', { cause: error });
}
