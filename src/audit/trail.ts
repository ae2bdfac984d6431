import type { Access } from '../access/access.js';
import { personKey } from '../access/person.js';
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

const PAGE = 50;
/** More than anybody looks through in a list. */
const MOST_ACTORS = 500;

export type TrailPage = {
  events: SealedRecord[];
  /** Id of the event after which the next page begins; null on the last one. */
  next: string | null;
  /** Everybody who stands in the trail. */
  actors: string[];
  /** Of people, by their keys; who has never signed in has none. */
  names: Map<string, string>;
};

/** A page of the audit trail, newest first, beginning after the event with the id `after`. */
export async function browseTrail(
  { store: { db } }: Deps,
  filter: AuditFilter,
  after: string | null,
): Promise<TrailPage> {
  const found = await findAuditEvents(db, filter, { order: 'newest', after, limit: PAGE + 1 });
  const events = found.slice(0, PAGE);
  const actors = await findActors(db, MOST_ACTORS);
  const names = await namesOf(db, [...actors, ...events.map(({ actor }) => actor)]);
  return { events, next: found.length > PAGE ? (events.at(-1)?.id ?? null) : null, actors, names };
}

/** The events that a filter lets through, oldest first, after noting down who takes them away. */
export async function* takeTrail(
  { store: { db } }: Deps,
  { person }: Access,
  filter: AuditFilter,
): AsyncGenerator<SealedRecord, void, undefined> {
  await insertAuditEvent(db, { actor: personKey(person), action: 'audit.exported', detail: filter });
  yield* eachEvent(db, filter);
}

/** Verifies the whole trail, against a noted head if there is one, and notes down that it was done. */
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
