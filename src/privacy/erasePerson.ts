import { setTimeout as sleep } from 'node:timers/promises';
import { assertTransition } from '../requests/transitions.js';
import { anonymiseRequests } from '../store/anonymise.js';
import { insertAuditEvent } from '../store/auditEvents.js';
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
import { OPEN_STATES, type Db } from '../store/schema.js';
import { deleteUnbegunSteps, failOpenSteps, findSteps } from '../store/steps.js';
import { guestsOf } from './exportPerson.js';
import type { Whose } from './whose.js';

/** What was done, and what is left for others to do. Ids alone. */
export type Erasure = {
  /** Requests that were anonymised, and how many of them had to be ended first. */
  requests: string[];
  ended: number;
  /** Requests that a worker has had in hand all the time: to be tried again. */
  busy: string[];
  /** Of the staff. */
  people: number;
  guests: string[];
  policyVersions: string[];
  /** Under which keys a member of the staff goes on standing in the audit trail and with policies. */
  keys: string[];
};

const LOOK_AGAIN_MS = 500;

/**
 * Takes one person's data out of the store. Open requests end first; what is given in the directory stays given. A request
 * that a worker has in hand is waited for: what a call to Graph has begun is not called back.
 *
 * @param waitMs how long a worker is waited for
 */
export async function erasePerson(db: Db, whose: Whose, waitMs = 30_000): Promise<Erasure> {
  return 'oid' in whose ? eraseStaff(db, whose) : eraseApplicant(db, whose, Date.now() + waitMs);
}

async function eraseApplicant(db: Db, whose: { address: string }, until: number): Promise<Erasure> {
  const requests: string[] = [];
  const guests = new Set<string>();
  let ended = 0;
  let left = await findRequestsOf(db, whose.address);
  // Again until none is left: somebody may sign the address up meanwhile.
  while (left.length > 0) {
    for (const { id } of left) {
      const erased = await eraseRequest(db, id);
      if (!erased) continue;
      requests.push(id);
      if (erased.ended) ended++;
      for (const guest of erased.guests) guests.add(guest);
    }
    left = await findRequestsOf(db, whose.address);
    if (left.length > 0 && Date.now() > until) break;
    if (left.length > 0) await sleep(LOOK_AGAIN_MS);
  }
  await db.transaction().execute(async (trx) => {
    await deleteMailbox(trx, whose.address);
    await deleteSessionsOf(trx, whose);
    await deleteNoticesTo(trx, whose);
    await recordErasure(trx, { kind: 'applicant', requests: requests.length, ended });
  });
  return {
    requests,
    ended,
    busy: left.map(({ id }) => id),
    people: 0,
    guests: [...guests],
    policyVersions: await findPoliciesNaming(db, whose.address),
    keys: [],
  };
}

/** Ends a request and anonymises it. Returns null when a worker has it in hand. */
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

async function eraseStaff(db: Db, whose: { oid: string }): Promise<Erasure> {
  const keys = await findKeysOf(db, whose.oid);
  const people = (await findStaff(db, whose)).length;
  await db.transaction().execute(async (trx) => {
    await deleteStaff(trx, whose.oid);
    await deleteSessionsOf(trx, whose);
    await deleteNoticesTo(trx, whose);
    await recordErasure(trx, { kind: 'staff', people });
  });
  return { requests: [], ended: 0, busy: [], people, guests: [], policyVersions: [], keys };
}

/** Figures alone: nothing by which the address could be guessed. */
function recordErasure(trx: Db, detail: Record<string, unknown>): Promise<void> {
  return insertAuditEvent(trx, { actor: 'portal', action: 'privacy.erased', detail });
}
