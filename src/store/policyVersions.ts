import { sql, type Insertable, type Selectable } from 'kysely';
import type { Db, PolicyVersionTable } from './schema.js';

export type NewPolicyVersion = Omit<Insertable<PolicyVersionTable>, 'id' | 'at'>;
export type PolicyVersion = Selectable<PolicyVersionTable>;
/** A version without its texts, which are long. */
export type PolicyVersionSummary = Omit<PolicyVersion, 'text' | 'terms'>;

const SUMMARY = [
  'id',
  'state',
  'hash',
  'terms_hash',
  'previous_hash',
  'author',
  'comment',
  'restored_from',
  'counts',
  'at',
] as const;

/** Makes saves by other instances wait until this transaction ends. */
export async function lockPolicy(trx: Db): Promise<void> {
  // A save takes far less: an instance that holds the lock for longer has frozen.
  await sql`set local lock_timeout = '5s'`.execute(trx);
  await sql`select pg_advisory_xact_lock(hashtextextended('policy', 0))`.execute(trx);
}

export async function insertPolicyVersion(db: Db, version: NewPolicyVersion): Promise<string> {
  const { id } = await db
    .insertInto('policy_version')
    .values(version)
    // As text: one of the two stores would give a number.
    .returning(sql<string>`id::text`.as('id'))
    .executeTakeFirstOrThrow();
  return id;
}

/** Marks a version as saved: the file holds it now. */
export async function confirmPolicyVersion(db: Db, id: string): Promise<void> {
  await db
    .updateTable('policy_version')
    .set({ state: 'saved', at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .execute();
}

/** Removes a version that could not be saved. */
export async function deleteUnsavedPolicyVersion(db: Db, id: string): Promise<void> {
  await db.deleteFrom('policy_version').where('id', '=', id).where('state', '=', 'saving').execute();
}

/** The newest version with these hashes whose save over `previousHash` was begun and never confirmed. */
export function findUnconfirmedPolicyVersion(
  db: Db,
  found: { hash: string; termsHash: string | null; previousHash: string | null },
): Promise<Pick<PolicyVersion, 'id' | 'author' | 'restored_from'> | undefined> {
  return (
    db
      .selectFrom('policy_version')
      // Ids as text: one of the two stores would give numbers.
      .select([
        sql<string>`id::text`.as('id'),
        'author',
        sql<string | null>`restored_from::text`.as('restored_from'),
      ])
      .where('state', '=', 'saving')
      .where('hash', '=', found.hash)
      .where('terms_hash', 'is not distinct from', found.termsHash)
      .where('previous_hash', 'is not distinct from', found.previousHash)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst()
  );
}

/** Removes old unconfirmed versions: their process was killed before it replaced the file. */
export async function deleteAbandonedPolicyVersions(db: Db): Promise<void> {
  await db
    .deleteFrom('policy_version')
    .where('state', '=', 'saving')
    .where('at', '<', sql<Date>`now() - interval '1 hour'`)
    .execute();
}

const saved = (db: Db) => db.selectFrom('policy_version').where('state', '=', 'saved');
const newestFirst = (db: Db) => saved(db).orderBy('at', 'desc').orderBy('id', 'desc');

/** The version that was in force last. */
export function latestPolicyVersion(db: Db): Promise<PolicyVersionSummary | undefined> {
  return newestFirst(db).select(SUMMARY).limit(1).executeTakeFirst();
}

/** Versions, the newest first. */
export function listPolicyVersions(db: Db, limit: number, offset: number): Promise<PolicyVersionSummary[]> {
  return newestFirst(db).select(SUMMARY).limit(limit).offset(offset).execute();
}

export function findPolicyVersion(db: Db, id: string): Promise<PolicyVersion | undefined> {
  return saved(db).selectAll().where('id', '=', id).executeTakeFirst();
}

/** The newest version with this text. */
export function findPolicyVersionByHash(db: Db, hash: string): Promise<PolicyVersion | undefined> {
  return newestFirst(db).selectAll().where('hash', '=', hash).limit(1).executeTakeFirst();
}

/** The version that this one replaced. */
export function findPolicyVersionBefore(db: Db, { id }: { id: string }): Promise<PolicyVersion | undefined> {
  return newestFirst(db)
    .selectAll()
    .where(sql<boolean>`(at, id) < (select at, id from policy_version where id = ${id})`)
    .limit(1)
    .executeTakeFirst();
}
