import { eachEvent } from '../audit/exportTrail.js';
import { insertAuditEvent, type AuditFilter, type SealedRecord } from '../store/auditEvents.js';
import { findGuestsOf } from '../store/guests.js';
import { findMonths } from '../store/licences.js';
import { findNotices } from '../store/notices.js';
import {
  findChallengeDates,
  findDoings,
  findKeysOf,
  findMailbox,
  findNoticesTo,
  findPoliciesNaming,
  findRequestsOf,
  findSessionsOf,
  findStaff,
} from '../store/personalData.js';
import { findRowsOf } from '../store/runRows.js';
import type { Db, RequestRow, StepDetail } from '../store/schema.js';
import { findSteps } from '../store/steps.js';
import type { DataSubject } from './dataSubject.js';

export type PersonalData = Awaited<ReturnType<typeof ofApplicant>> | Awaited<ReturnType<typeof ofStaff>>;

/**
 * All that the store holds about one person, as plain data for JSON; it also records the export in the audit trail. Secrets
 * are left out: tokens, codes, redeem links, and the keys of browsers.
 */
export async function exportPerson(db: Db, subject: DataSubject): Promise<PersonalData> {
  const data = 'oid' in subject ? await ofStaff(db, subject) : await ofApplicant(db, subject);
  const kind = 'oid' in subject ? 'staff' : 'applicant';
  await insertAuditEvent(db, { actor: 'portal', action: 'privacy.exported', detail: { kind } });
  return data;
}

async function ofApplicant(db: Db, subject: { address: string }) {
  const found = await findRequestsOf(db, subject.address);
  const requests: Awaited<ReturnType<typeof requestOf>>[] = [];
  for (const row of found) requests.push(await requestOf(db, row));
  const access = await findGuestsOf(db, subject.address);
  const accounts = new Set([
    ...found.flatMap((row, index) => guestsOf(row, requests[index]?.steps ?? [])),
    ...access.map(({ id }) => id),
  ]);
  return {
    address: subject.address,
    at: new Date(),
    requests,
    /** Rows of files of invitations. */
    rows: await findRowsOf(db, subject.address),
    mailbox: (await findMailbox(db, subject.address)) ?? null,
    sessions: await findSessionsOf(db, subject),
    /** As an approver subject address the policy names. */
    noticesAsApprover: await findNoticesTo(db, subject),
    policyVersions: await findPoliciesNaming(db, subject.address),
    staff: await findStaff(db, subject),
    /** Accounts of the directory with what the portal has given them. */
    access,
    /** In which months their accounts were seen, for the report on licences. */
    months: await findMonths(db, [...accounts]),
    /** Object ids in the directory, which holds data of its own. */
    guests: [...accounts],
  };
}

async function requestOf(db: Db, row: RequestRow) {
  const steps = await findSteps(db, row.id);
  return {
    ...without(row, 'token_hash', 'browser_hash', 'lease_owner', 'lease_until'),
    proof: row.proof && without(row.proof, 'browser'),
    steps: steps.map((step) => ({ ...step, detail: without(step.detail, 'redeemUrl') })),
    challenge: (await findChallengeDates(db, row.id)) ?? null,
    notices: await findNotices(db, row.id),
    events: await eventsOf(db, { requestId: row.id }),
  };
}

function without<T extends object, K extends keyof T>(row: T, ...names: K[]): Omit<T, K> {
  const left = Object.entries(row).filter(([name]) => !names.includes(name as K));
  return Object.fromEntries(left) as Omit<T, K>;
}

async function ofStaff(db: Db, subject: { oid: string }) {
  const acting = [];
  for (const key of await findKeysOf(db, subject.oid)) {
    acting.push({ key, ...(await findDoings(db, key)), events: await eventsOf(db, { actor: key }) });
  }
  return {
    oid: subject.oid,
    at: new Date(),
    staff: await findStaff(db, subject),
    sessions: await findSessionsOf(db, subject),
    notices: await findNoticesTo(db, subject),
    acting,
  };
}

async function eventsOf(db: Db, filter: AuditFilter) {
  const events: (Omit<SealedRecord, 'detail'> & { detail: unknown })[] = [];
  for await (const event of eachEvent(db, filter)) {
    events.push({ ...event, detail: JSON.parse(event.detail) as unknown });
  }
  return events;
}

/** The guests that a request led to, each once. An interrupted request has its guest only in a step. */
export function guestsOf({ guest_id }: RequestRow, steps: { detail: StepDetail }[]): string[] {
  const noted = steps.map(({ detail }) => detail.guest?.id);
  return [...new Set([guest_id, ...noted])].filter((id) => id !== null && id !== undefined);
}
