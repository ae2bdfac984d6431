import { setTimeout as sleep } from 'node:timers/promises';
import { assertTransition } from '../requests/transitions.js';
import { anonymiseRequests } from '../store/anonymise.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import { findGuestsOf, forgetGuestAddress } from '../store/guests.js';
import { forgetMonths } from '../store/licences.js';
import {
  deleteMailbox,
  deleteNoticesTo,
  deleteSessionsOf,
  deleteStaff,
  findKeysOf,
  findPoliciesNaming,
  findRequestsOf,
  findStaff,
  withdrawRequest,
} from '../store/personalData.js';
import { forgetRows } from '../store/runRows.js';
import { OPEN_STATES, type Db } from '../store/schema.js';
import { deleteUnbegunSteps, failOpenSteps, findSteps } from '../store/steps.js';
import { guestsOf } from './exportPerson.js';
import type { DataSubject } from './dataSubject.js';

/** What was done, and what is left to do. It holds only ids. */
export type Erasure = {
  /** Requests that were anonymised, and how many of them had to be ended first. */
  requests: string[];
  ended: number;
  /** Requests that a worker held all the time; to be tried again. */
  busy: string[];
  /** Members of staff. */
  people: number;
  guests: string[];
  policyVersions: string[];
  /** The keys of a member of staff that stay in the audit trail and in policy versions. */
  keys: string[];
};

const LOOK_AGAIN_MS = 500;

/**
 * Removes one person's data from the store. Open requests end first; grants in the directory stay. It waits for a request
 * that a worker has claimed, because a call to Graph cannot be taken back.
 *
 * @param waitMs how long it waits for a worker
 */
export async function erasePerson(db: Db, subject: DataSubject, waitMs = 30_000): Promise<Erasure> {
  return 'oid' in subject ? eraseStaff(db, subject) : eraseApplicant(db, subject, Date.now() + waitMs);
}

async function eraseApplicant(db: Db, subject: { address: string }, until: number): Promise<Erasure> {
  const requests: string[] = [];
  const guests = new Set<string>();
  let ended = 0;
  let left = await findRequestsOf(db, subject.address);
  // Repeats until none is left: somebody may sign up with the address meanwhile.
  while (left.length > 0) {
    for (const { id } of left) {
      const erased = await eraseRequest(db, id);
      if (!erased) continue;
      requests.push(id);
      if (erased.ended) ended++;
      for (const guest of erased.guests) guests.add(guest);
    }
    left = await findRequestsOf(db, subject.address);
    if (left.length > 0 && Date.now() > until) break;
    if (left.length > 0) await sleep(LOOK_AGAIN_MS);
  }
  for (const { id } of await findGuestsOf(db, subject.address)) guests.add(id);
  await db.transaction().execute(async (trx) => {
    await deleteMailbox(trx, subject.address);
    await forgetGuestAddress(trx, subject.address);
    await forgetRows(trx, subject);
    await forgetMonths(trx, [...guests]);
    await deleteSessionsOf(trx, subject);
    await deleteNoticesTo(trx, subject);
    await recordErasure(trx, { kind: 'applicant', requests: requests.length, ended });
  });
  return {
    requests,
    ended,
    busy: left.map(({ id }) => id),
    people: 0,
    guests: [...guests],
    policyVersions: await findPoliciesNaming(db, subject.address),
    keys: [],
  };
}

/** Ends a request and anonymises it. Returns null when a worker has claimed it. */
async function eraseRequest(db: Db, id: string): Promise<{ ended: boolean; guests: string[] } | null> {
  return db.transaction().execute(async (trx) => {
    const request = await withdrawRequest(trx, id);
    if (!request) return null;
    const ended = OPEN_STATES.includes(request.state);
    if (ended) {
      assertTransition(request.state, 'lapsed');
      await deleteUnbegunSteps(trx, id);
      await failOpenSteps(trx, id, { code: 'erased' });
      const detail = { problem: 'erased', guestId: request.guest_id };
      await insertAuditEvent(trx, { requestId: id, actor: 'portal', action: 'request.lapsed', detail });
    }
    const guests = guestsOf(request, await findSteps(trx, id));
    await anonymiseRequests(trx, [id]);
    return { ended, guests };
  });
}

async function eraseStaff(db: Db, subject: { oid: string }): Promise<Erasure> {
  const keys = await findKeysOf(db, subject.oid);
  const people = (await findStaff(db, subject)).length;
  await db.transaction().execute(async (trx) => {
    await deleteStaff(trx, subject.oid);
    await deleteSessionsOf(trx, subject);
    await deleteNoticesTo(trx, subject);
    await recordErasure(trx, { kind: 'staff', people });
  });
  return { requests: [], ended: 0, busy: [], people, guests: [], policyVersions: [], keys };
}

/** Only counts: nothing from which the address could be guessed. */
function recordErasure(trx: Db, detail: Record<string, unknown>): Promise<void> {
  return insertAuditEvent(trx, { actor: 'portal', action: 'privacy.erased', detail });
}
