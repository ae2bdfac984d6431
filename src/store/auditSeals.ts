import { sql } from 'kysely';
import { recordColumns, type AuditRecord } from './auditEvents.js';
import { fromNow } from './fromNow.js';
import type { Db } from './schema.js';

export type Seal = { seq: number; eventId: string; digest: Buffer; hash: Buffer };

/** A stored seal with its event, which may be missing. */
export type SealRow = Seal & { event: AuditRecord | null };

/** Makes other sealers wait until this transaction ends. */
export async function lockSeals(trx: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('audit seals', 0))`.execute(trx);
}

/** The last seal. */
export async function findLastSeal(db: Db): Promise<Pick<Seal, 'seq' | 'hash'> | null> {
  const { rows } = await sql<{ seq: string; hash: string }>`
    select s.seq::text as seq, encode(s.hash, 'hex') as hash from audit_seal s order by s.seq desc limit 1`.execute(
    db,
  );
  return rows[0] ? { seq: Number(rows[0].seq), hash: Buffer.from(rows[0].hash, 'hex') } : null;
}

/** The id of the last event that was sealed more than `seconds` ago; `0` when there is none. */
export async function findEventSealedBefore(db: Db, seconds: number): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    select event_id::text as id from audit_seal where sealed_at < ${fromNow(-seconds)}
    order by seq desc limit 1`.execute(db);
  return rows[0]?.id ?? '0';
}

/** Up to `limit` events without a seal whose ids are above `afterId`, by id. */
export async function findUnsealed(db: Db, afterId: string, limit: number): Promise<AuditRecord[]> {
  const { rows } = await sql<AuditRecord>`
    select ${recordColumns} from audit_event e
    where e.id > ${afterId}::bigint and not exists (select from audit_seal s where s.event_id = e.id)
    order by e.id limit ${limit}`.execute(db);
  return rows;
}

/** Up to `limit` events that have had no seal for `seconds`, by id. */
export async function findLeftUnsealed(
  db: Db,
  seconds: number,
  limit: number,
): Promise<{ id: string; at: string }[]> {
  const { rows } = await sql<{ id: string; at: string }>`
    select ${recordColumns} from audit_event e
    where e.at < ${fromNow(-seconds)}
      and not exists (select from audit_seal s where s.event_id = e.id)
    order by e.id limit ${limit}`.execute(db);
  return rows;
}

/** Inserts seals, in one statement whose text is always the same. */
export async function insertSeals(db: Db, seals: Seal[]): Promise<void> {
  const rows = seals.map(({ seq, eventId, digest, hash }) => ({
    seq,
    event_id: eventId,
    digest: digest.toString('hex'),
    hash: hash.toString('hex'),
  }));
  await sql`
    insert into audit_seal (seq, event_id, event_digest, hash)
    select seq, event_id, decode(digest, 'hex'), decode(hash, 'hex')
    from json_to_recordset(${JSON.stringify(rows)}::json)
      as given (seq bigint, event_id bigint, digest text, hash text)`.execute(db);
}

/** Up to `limit` seals above `afterSeq` (all when null) in their order, each with its event. */
export async function findSeals(db: Db, afterSeq: number | null, limit: number): Promise<SealRow[]> {
  const { rows } = await sql<AuditRecord & { found: boolean } & Record<SealText, string>>`
    select s.seq::text as seq, s.event_id::text as "eventId", encode(s.event_digest, 'hex') as digest,
      encode(s.hash, 'hex') as hash, e.id is not null as found, ${recordColumns}
    from audit_seal s left join audit_event e on e.id = s.event_id
    ${afterSeq === null ? sql`` : sql`where s.seq > ${afterSeq}`}
    order by s.seq limit ${limit}`.execute(db);
  return rows.map(({ seq, eventId, digest, hash, found, ...event }) => ({
    seq: Number(seq),
    eventId,
    digest: Buffer.from(digest, 'hex'),
    hash: Buffer.from(hash, 'hex'),
    event: found ? event : null,
  }));
}

type SealText = 'seq' | 'eventId' | 'digest' | 'hash';
