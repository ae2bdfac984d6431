import { type Access, personKey } from '../access/access.js';
import type { Deps } from '../deps.js';
import {
  findActors,
  findAuditEvents,
  insertAuditEvent,
  type AuditFilter,
  type SealedRecord,
} from '../store/auditEvents.js';
import { namesOf } from '../store/persons.js';
import type { Head } from './chain.js';
import { eachEvent } from './exportTrail.js';
import { verifyAudit, type Verification } from './verify.js';

const PAGE_LENGTH = 50;
/** More than a person looks through in a list. */
const MOST_ACTORS = 500;

export type TrailPage = {
  events: SealedRecord[];
  /** Id of the event after which the next page begins; null on the last one. */
  next: string | null;
  /** Everybody named in the trail. */
  actors: string[];
  /** Names of people by their keys, of those who have signed in. */
  names: Map<string, string>;
};

/** A page of the audit trail, newest first, beginning after the event with the id `after`. */
export async function browseTrail(
  { store: { db } }: Deps,
  filter: AuditFilter,
  after: string | null,
): Promise<TrailPage> {
  const found = await findAuditEvents(db, filter, { order: 'newest', after, limit: PAGE_LENGTH + 1 });
  const events = found.slice(0, PAGE_LENGTH);
  const actors = await findActors(db, MOST_ACTORS);
  const names = await namesOf(db, [...actors, ...events.map(({ actor }) => actor)]);
  return { events, next: found.length > PAGE_LENGTH ? (events.at(-1)?.id ?? null) : null, actors, names };
}

/** The events that match a filter, oldest first, after recording who exports them. */
export async function* exportTrail(
  { store: { db } }: Deps,
  { person }: Access,
  filter: AuditFilter,
): AsyncGenerator<SealedRecord, void, undefined> {
  await insertAuditEvent(db, { actor: personKey(person), action: 'audit.exported', detail: filter });
  yield* eachEvent(db, filter);
}

/** Verifies the whole trail, against a noted head if there is one, and records that it was done. */
export async function checkTrail(
  { store: { db }, log }: Deps,
  { person }: Access,
  noted: Head | null,
): Promise<Verification> {
  const verification = await verifyAudit(db, noted);
  const { seals, head, findings } = verification;
  const counts = { seals, findings: findings.length, head: head?.seq ?? null, noted: noted?.seq ?? null };
  if (findings.length > 0) log.error(counts, 'the audit trail is not in order');
  await insertAuditEvent(db, { actor: personKey(person), action: 'audit.verified', detail: counts });
  return verification;
}

/** The details of an event for people, as pairs of a name and a text; without those that are null. */
export function readableDetail(detail: string): [name: string, value: string][] {
  return Object.entries(JSON.parse(detail) as Record<string, unknown>)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
}
