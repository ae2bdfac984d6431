import {
  sql,
  type ColumnType,
  type Generated,
  type Insertable,
  type JSONColumnType,
  type Kysely,
  type RawBuilder,
  type Selectable,
} from 'kysely';
import type { Decision } from '../policy/decision.js';
import type { ProblemCode } from './problemCodes.js';

/** The states of a request; what may follow what is in `requests/transitions.ts`. */
export type RequestState =
  'unproven' | 'pending' | 'queued' | 'provisioned' | 'denied' | 'failed' | 'held' | 'lapsed' | 'revoked';

/** States in which somebody or something has yet to do with a request. */
export const OPEN_STATES: readonly RequestState[] = ['unproven', 'pending', 'queued', 'failed', 'held'];

/** Open states of which an address has one request at most; beside it there may be one that nobody has proved. */
export const PROVEN_OPEN_STATES: readonly RequestState[] = ['pending', 'queued', 'failed', 'held'];

/** States in which nobody has anything left to do with a request. */
export const FINISHED_STATES: readonly RequestState[] = ['provisioned', 'denied', 'lapsed', 'revoked'];

export type StepState = 'waiting' | 'running' | 'done' | 'unconfirmed' | 'failed';

/** Why a request or a step does not go on: `code` for people's sentences, `detail` for staff. */
export type Problem = { code: ProblemCode; detail?: string };

/** Why a notice needs no mail. */
export type SkipReason =
  | 'off'
  | 'inDigest'
  | 'summary'
  | 'decided'
  | 'nobody'
  | 'gone'
  | 'nothingWaiting'
  | 'noMailer'
  | 'notAwaited';

/** What somebody has shown: that they read the mailbox, or that they belong to the tenant that owns the address's domain. */
export type Proof = {
  kind: 'mailbox' | 'tenant';
  /** ISO 8601. */
  at: string;
  /** SHA-256, in hex, of the key of the browser in which it was shown; see `http/browserKey.ts`. */
  browser: string;
  /** With `tenant`: who signed in, `tid/oid`. */
  by?: string;
};

/** A decision as it was recorded: what the policy said, and what was counted besides. */
export type RecordedDecision = Omit<Decision, 'reasons'> & { reasons: readonly { code: string }[] };

/** What a person has decided about a request. */
export type Review = {
  outcome: 'approved' | 'denied';
  /** `tid/oid` of whoever decided. */
  by: string;
  /** ISO 8601. */
  at: string;
  /** The partner whose grants were approved: the policy's at that time, or the approver's choice where it names none. */
  partner?: string;
  /** Keys of the partner's own groups and of its apps that were approved; without it, all that the policy grants. */
  grants?: { groups: string[]; apps: string[] };
  /** What the partner is told, in the reviewer's words; goes with a denial. */
  reason?: string;
  /** For those who read requests, never for the partner. */
  note?: string;
};

/** The guest as far as earlier steps know it. */
export type Guest = { id: string; accepted: boolean };

/** What a step remembers from one attempt to the next, and for later steps. */
export type StepDetail = {
  guest?: Guest;
  /** When a call that must not be repeated blindly was begun, ISO 8601; gone once its outcome is known. */
  begunAt?: string;
  /** Who has mailed the invitation, or is to. */
  mailedBy?: 'microsoft' | 'portal' | 'nobody';
  /** A secret: kept only until the portal has mailed it. */
  redeemUrl?: string;
};

/** A column that the database fills in and that people only read. */
type Stamp = ColumnType<Date, Date | undefined, Date>;
type Optional<T> = ColumnType<T | null, T | null | undefined, T | null>;
type Json<T extends object> = JSONColumnType<T>;
type OptionalJson<T extends object> = ColumnType<T | null, string | null | undefined, string | null>;

interface RequestTable {
  id: string;
  /** Of its first submission; what an instance of the version before finds the page by. */
  token_hash: Buffer;
  /** Canonical address: lower case, as `policy/address.ts` gives it. */
  address: string;
  first_name: string;
  last_name: string;
  company: string;
  reason: string;
  /** Language in which the person is written to. */
  language: string;
  partner: Optional<string>;
  decision: Json<RecordedDecision>;
  policy_hash: string;
  terms_hash: Optional<string>;
  terms_accepted_at: Optional<Date>;
  state: RequestState;
  problem: OptionalJson<Problem>;
  review: OptionalJson<Review>;
  proof: OptionalJson<Proof>;
  /** SHA-256 of the key of the browser that sent the form; see `http/browserKey.ts`. */
  browser_hash: Optional<Buffer>;
  /** Grows with each change of state or decision; a form that names an older one is stale. */
  version: Generated<number>;
  /** Object id of the guest in our directory, once known. */
  guest_id: Optional<string>;
  /** When a worker may claim it; null when there is nothing to do. */
  due_at: Optional<Date>;
  /** Of requests that are due the highest comes first; see `PRIORITY` in `store/leases.ts`. */
  priority: Generated<number>;
  /** The trace in which the work was asked for, as a `traceparent`. */
  trace: Optional<string>;
  lease_owner: Optional<string>;
  lease_until: Optional<Date>;
  /** When it lost its personal data; see `store/anonymise.ts`. */
  anonymised_at: Optional<Date>;
  /** False for an anonymised request whose person takes up the partner's place by another one. */
  keeps_place: Generated<boolean>;
  created_at: Stamp;
  updated_at: Stamp;
}

/** One accepted form, with a status page of its own; several may belong to one request. */
interface SubmissionTable {
  /** SHA-256 of the token in the page's address. */
  token_hash: Buffer;
  request_id: string;
  /** The page that mails lead to: its viewer reads the mailbox. */
  by_mail: Generated<boolean>;
  /** How often the mail was asked for again from this page, and when last. */
  resends: Generated<number>;
  resent_at: Optional<Date>;
  created_at: Stamp;
}

interface StepTable {
  request_id: string;
  /** `lookup`, `invitation`, `group:crm`, `app:wiki`, `mail`, `resend:1` … */
  key: string;
  position: number;
  state: StepState;
  attempts: Generated<number>;
  detail: Json<StepDetail>;
  problem: OptionalJson<Problem>;
  /** Microsoft's id of the call that settled the step, for support cases. */
  graph_request_id: Optional<string>;
  started_at: Optional<Date>;
  finished_at: Optional<Date>;
}

interface AuditEventTable {
  id: Generated<string>;
  at: Stamp;
  request_id: Optional<string>;
  /** `partner`, `portal`, or `tid/oid` of a signed-in person. */
  actor: string;
  action: string;
  detail: Json<Record<string, unknown>>;
}

/** Chains an event to all that were sealed before it; see `audit/chain.ts`. */
interface AuditSealTable {
  /** 1, 2, 3 … without a gap. */
  seq: string;
  event_id: string;
  event_digest: Buffer;
  hash: Buffer;
  /** For the sealer alone: no hash covers it. */
  sealed_at: Stamp;
}

/** Whoever has signed in, so that pages can name them. */
interface PersonTable {
  /** `tid/oid` */
  key: string;
  name: string;
  username: Optional<string>;
  roles: Json<string[]>;
  signed_in_at: Stamp;
}

/** What a mail of the process tells of. */
export type NoticeKind = 'waiting' | 'denied' | 'digest' | 'proof' | 'known';

/** `addressed`: turned into one notice a person. `unconfirmed`: nobody can tell whether the mail arrived. */
export type NoticeState = 'waiting' | 'sending' | 'addressed' | 'sent' | 'unconfirmed' | 'failed' | 'skipped';

interface NoticeTable {
  id: string;
  kind: NoticeKind;
  /** Null for a digest. */
  request_id: Optional<string>;
  /** The request's version when it was queued: one that comes to wait again is told of again. Null for a digest. */
  round: Optional<number>;
  /** What a digest covers: a day (`2026-05-01`), or `flood …` for mails that would have been too many. */
  period: Optional<string>;
  /** `approvers` until they are looked up, `partner`, an object id, or `mail …` for an address that the policy names. */
  recipient: string;
  /** Of a digest: partners whose requests it counts, null among them for none. */
  partners: OptionalJson<(string | null)[]>;
  state: Generated<NoticeState>;
  /** Counts the claims too: a sender whose number is not the last one has lost the notice. */
  attempts: Generated<number>;
  due_at: Stamp;
  lease_until: Optional<Date>;
  /** When the mail began to flow; null as long as it surely has not. */
  begun_at: Optional<Date>;
  problem: OptionalJson<{ code: ProblemCode | SkipReason; detail?: string }>;
  created_at: Stamp;
  finished_at: Optional<Date>;
}

/** What has been asked of somebody who is to show that they read a mailbox. */
interface ChallengeTable {
  request_id: string;
  /** SHA-256 of the key of the browser that sent the form: the only one that may answer with the code. */
  browser_hash: Buffer;
  /** The code, sealed under the session secret; null until it is mailed, and once a proof was made of it or of the link. */
  sealed_code: Optional<string>;
  /** SHA-256 of the secret in the mailed link, which counts in any browser. It stays, so that a used link is known again. */
  link_hash: Optional<Buffer>;
  /** Until when code and link count; null when they do not. */
  expires_at: Optional<Date>;
  /** How many codes are still compared with that of the mail. */
  tries_left: number;
  /** When the mail was last asked for, whenever it goes out. */
  asked_at: Stamp;
}

/**
 * A browser that has asked for the mail of a challenge, or typed a code. What its page shows depends on this row alone: the
 * code is compared for one browser, and no page is to tell which that is.
 */
interface ChallengeBrowserTable {
  request_id: string;
  /** SHA-256 of its key; see `http/browserKey.ts`. */
  browser_hash: Buffer;
  tries_left: number;
  /** When it last asked for the mail, whether or not one had gone just before; null when it has not. */
  asked_at: Optional<Date>;
  came_at: Stamp;
}

/** When a mailbox was last sent something that a stranger can bring about. */
interface MailboxTable {
  /** SHA-256 of the canonical address. */
  address_hash: Buffer;
  mailed_at: Date;
  /** Begin of the 24 hours in which `mails` are counted. */
  day_began_at: Date;
  mails: number;
}

/** A policy that was in force, or is. */
export interface PolicyVersionTable {
  id: Generated<string>;
  /** `saving` until the file is known to hold it. */
  state: 'saving' | 'saved';
  /** SHA-256 of the text, in hex. */
  hash: string;
  text: string;
  terms: Optional<string>;
  terms_hash: Optional<string>;
  /** What it was made from. */
  previous_hash: Optional<string>;
  /** `tid/oid`, or `file` for whoever changed the file on disk. */
  author: string;
  comment: Optional<string>;
  /** The version that was rolled back to. */
  restored_from: Optional<string>;
  counts: Json<{ partners: number; apps: number; groups: number }>;
  at: Stamp;
}

/** What one night's retention has come to so far: figures alone. */
export interface RetentionRunTable {
  /** UTC, `2026-01-31`. */
  day: string;
  requests: Generated<number>;
  notices: Generated<number>;
  people: Generated<number>;
  began_at: Stamp;
  /** Until when one instance works on it alone. */
  lease_until: Optional<Date>;
  finished_at: Optional<Date>;
}

interface PauseTable {
  name: string;
  until: Date;
}

export interface Database {
  request: RequestTable;
  submission: SubmissionTable;
  step: StepTable;
  audit_event: AuditEventTable;
  audit_seal: AuditSealTable;
  pause: PauseTable;
  notice: NoticeTable;
  challenge: ChallengeTable;
  challenge_browser: ChallengeBrowserTable;
  mailbox: MailboxTable;
  person: PersonTable;
  policy_version: PolicyVersionTable;
  retention_run: RetentionRunTable;
}

/** The database or a transaction on it: store functions join either. */
export type Db = Kysely<Database>;
/** A request as it is read. */
export type RequestRow = Selectable<RequestTable>;
export type NewRequest = Insertable<RequestTable>;
export type SubmissionRow = Selectable<SubmissionTable>;
export type StepRow = Selectable<StepTable>;
export type NoticeRow = Selectable<NoticeTable>;

/** A moment on the database's clock, so many seconds ahead; before now for a negative number. */
export function fromNow(seconds: number): RawBuilder<Date> {
  return sql<Date>`now() + ${seconds}::float8 * interval '1 second'`;
}
