import {
  type ColumnType,
  type Generated,
  type Insertable,
  type JSONColumnType,
  type Kysely,
  type Selectable,
} from 'kysely';
import type { Decision } from '../policy/decision.js';
import type { Grants } from '../policy/grants.js';
import type { ProblemCode } from './problemCodes.js';

/** The states of a request; `requests/transitions.ts` has the transitions. */
export type RequestState =
  'unproven' | 'pending' | 'queued' | 'provisioned' | 'denied' | 'failed' | 'held' | 'lapsed' | 'revoked';

/** States in which work is left: the applicant's, an approver's or the portal's. */
export const OPEN_STATES: readonly RequestState[] = ['unproven', 'pending', 'queued', 'failed', 'held'];

/** An address has at most one request in these states, and at most one unproven request beside it. */
export const PROVEN_OPEN_STATES: readonly RequestState[] = ['pending', 'queued', 'failed', 'held'];

/** States in which no work is left. */
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

/** Shows that a person reads the mailbox, or belongs to the tenant that owns the domain of the address. */
export type Proof = {
  kind: 'mailbox' | 'tenant';
  /** ISO 8601. */
  at: string;
  /** SHA-256, in hex, of the key of the browser in which it was given; see `http/browserKey.ts`. */
  browser: string;
  /** With `tenant`: the person who signed in, `tid/oid`. */
  by?: string;
};

/** A recorded decision: the policy's reasons, and those of limits and guards. */
export type RecordedDecision = Omit<Decision, 'reasons'> & { reasons: readonly { code: string }[] };

/** What an approver decided about a request. */
export type Review = {
  outcome: 'approved' | 'denied';
  /** `tid/oid` of the approver. */
  by: string;
  /** ISO 8601. */
  at: string;
  /** The partner whose grants were approved: the policy's at that time, or the approver's choice. */
  partner?: string;
  /** Keys of the approved groups and apps of the partner; if absent, all that the policy grants. */
  grants?: { groups: string[]; apps: string[] };
  /** With a denial: what the applicant reads, in the approver's words. */
  reason?: string;
  /** For staff, never for the applicant. */
  note?: string;
};

/** How a run invites a person. */
export type BulkOrder = {
  /** Whether an invitation is mailed. */
  mail: boolean;
  /** In the mail, instead of the partner's text. */
  message?: string;
  redirectUrl?: string;
  /** The file's own groups and apps, instead of the partner's. */
  grants?: Grants;
  /** Whether the person has signed up as well: then it is theirs, and the run neither stops it nor takes it back. */
  joined?: boolean;
};

/** The guest, as earlier steps found or made it. */
export type Guest = {
  id: string;
  accepted: boolean;
  /** Set when the portal's invitation made the account. */
  created?: boolean;
};

/** How a grant was found when it was given: `created` by the portal, there already, or unknown. */
export type GrantFound = 'created' | 'found' | 'unknown';

/** A step's notes for its next attempt, and for later steps. */
export type StepDetail = {
  guest?: Guest;
  /** When a call began that must not be repeated blindly, ISO 8601; removed once its outcome is known. */
  begunAt?: string;
  /** When the turn of a mail of a run is, ISO 8601. */
  turnAt?: string;
  /** Who mails the invitation. */
  mailedBy?: 'microsoft' | 'portal' | 'nobody';
  /** A secret: removed when the portal has mailed it. */
  redeemUrl?: string;
  /** How often Graph has called the invitation a failure. */
  failures?: number;
  /** Of a group or an app. */
  grant?: GrantFound;
};

/** A column that the database fills in. */
type Stamp = ColumnType<Date, Date | undefined, Date>;
type Optional<T> = ColumnType<T | null, T | null | undefined, T | null>;
type Json<T extends object> = JSONColumnType<T>;
type OptionalJson<T extends object> = ColumnType<T | null, string | null | undefined, string | null>;

interface RequestTable {
  id: string;
  /** Of its first submission; an instance of the previous version finds the page by it. */
  token_hash: Buffer;
  /** Canonical address: lower case, as `policy/address.ts` gives it. */
  address: string;
  first_name: string;
  last_name: string;
  company: string;
  reason: string;
  /** The language of mails to the applicant. */
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
  /** Grows with each change of state or decision; a form with an older version is stale. */
  version: Generated<number>;
  /** Object id of the guest in our directory, once known. */
  guest_id: Optional<string>;
  /** When a worker may claim it; null when there is nothing to do. */
  due_at: Optional<Date>;
  /** The highest is claimed first; see `PRIORITY` in `store/leases.ts`. */
  priority: Generated<number>;
  /** The trace that made the request due, as a `traceparent`. */
  trace: Optional<string>;
  lease_owner: Optional<string>;
  lease_until: Optional<Date>;
  /** The registrable domain by which it is paced, and when its turn is; see `store/pacing.ts`. */
  paced_domain: Optional<string>;
  slot_at: Optional<Date>;
  /** The run that made it, and what that run gives instead of the partner's invitation and grants. */
  run_id: Optional<string>;
  bulk: OptionalJson<BulkOrder>;
  /** When its personal data was removed; see `store/anonymise.ts`. */
  anonymised_at: Optional<Date>;
  /** False for an anonymised request whose person keeps their place by another request. */
  keeps_place: Generated<boolean>;
  created_at: Stamp;
  updated_at: Stamp;
}

/** One accepted form, with a status page of its own; several may belong to one request. */
interface SubmissionTable {
  /** SHA-256 of the token in the page's address. */
  token_hash: Buffer;
  request_id: string;
  /** The page that mails link to: its viewer reads the mailbox. */
  by_mail: Generated<boolean>;
  /** How many resends were requested on this page, and when the last one was. */
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
  /** Microsoft's id of the call that finished the step, for support cases. */
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

/** Chains an event to all earlier seals; see `audit/chain.ts`. */
interface AuditSealTable {
  /** 1, 2, 3 … without a gap. */
  seq: string;
  event_id: string;
  event_digest: Buffer;
  hash: Buffer;
  /** Only for the sealer: no hash covers it. */
  sealed_at: Stamp;
}

/** A member of staff who has signed in, so that pages can name them. */
interface PersonTable {
  /** `tid/oid` */
  key: string;
  name: string;
  username: Optional<string>;
  roles: Json<string[]>;
  signed_in_at: Stamp;
}

/** What a notice is about. */
export type NoticeKind = 'waiting' | 'denied' | 'digest' | 'proof' | 'known' | 'runHalted' | 'licences';

/** `addressed`: turned into one notice for each person. `unconfirmed`: the mail may or may not have arrived. */
export type NoticeState = 'waiting' | 'sending' | 'addressed' | 'sent' | 'unconfirmed' | 'failed' | 'skipped';

interface NoticeTable {
  id: string;
  kind: NoticeKind;
  /** Null for a digest, and for a notice about a run. */
  request_id: Optional<string>;
  /** The request's version when the notice was queued: a request that waits again gets another. Null for a digest. */
  round: Optional<number>;
  /**
   * What a digest covers: a day (`2026-05-01`), or `flood …` for a summary that replaces too many mails. Of a notice about a run,
   * `run`, its id and the moment.
   */
  period: Optional<string>;
  /** `approvers` until they are looked up, `partner`, an object id, or `mail …` for an address of the policy. */
  recipient: string;
  /** Of a digest: the partners whose requests it counts; null stands for requests without a partner. */
  partners: OptionalJson<(string | null)[]>;
  state: Generated<NoticeState>;
  /** Each claim adds one: a sender with an older number has lost the notice. */
  attempts: Generated<number>;
  due_at: Stamp;
  lease_until: Optional<Date>;
  /** When the mail began to flow; null if it certainly has not. */
  begun_at: Optional<Date>;
  problem: OptionalJson<{ code: ProblemCode | SkipReason; detail?: string }>;
  created_at: Stamp;
  finished_at: Optional<Date>;
}

/** The code and the link that prove a mailbox. */
interface ChallengeTable {
  request_id: string;
  /** SHA-256 of the key of the browser that sent the form: the code is valid only there. */
  browser_hash: Buffer;
  /** The code, sealed under the session secret; null until it is mailed, and once it or the link has been used. */
  sealed_code: Optional<string>;
  /** SHA-256 of the secret in the mailed link, which is valid in any browser. It stays, so that a used link is recognised. */
  link_hash: Optional<Buffer>;
  /** When code and link expire; null when they are not valid. */
  expires_at: Optional<Date>;
  /** How many more codes are compared with the mailed one. */
  tries_left: number;
  /** When the mail was last requested, whenever it goes out. */
  asked_at: Stamp;
}

/**
 * A browser that has requested the mail of a challenge, or typed a code. Its page depends on this row alone: the code is
 * compared in one browser, and no page may reveal which.
 */
interface ChallengeBrowserTable {
  request_id: string;
  /** SHA-256 of its key; see `http/browserKey.ts`. */
  browser_hash: Buffer;
  tries_left: number;
  /** When it last requested the mail, whether or not one was sent; null when it has not. */
  asked_at: Optional<Date>;
  came_at: Stamp;
}

/** When the portal last sent a mailbox something that a stranger can cause. */
interface MailboxTable {
  /** SHA-256 of the canonical address. */
  address_hash: Buffer;
  mailed_at: Date;
  /** The beginning of the 24 hours in which `mails` are counted. */
  day_began_at: Date;
  mails: number;
}

/** A policy that is, or was, in force. */
export interface PolicyVersionTable {
  id: Generated<string>;
  /** `saving` until the file holds it for certain. */
  state: 'saving' | 'saved';
  /** SHA-256 of the text, in hex. */
  hash: string;
  text: string;
  terms: Optional<string>;
  terms_hash: Optional<string>;
  /** The hash of the policy that it was made from. */
  previous_hash: Optional<string>;
  /** `tid/oid`, or `file` when the file was changed on disk. */
  author: string;
  comment: Optional<string>;
  /** The version that was restored. */
  restored_from: Optional<string>;
  counts: Json<{ partners: number; apps: number; groups: number }>;
  at: Stamp;
}

/** The counts of one night's retention so far. */
export interface RetentionRunTable {
  /** UTC, `2026-01-31`. */
  day: string;
  requests: Generated<number>;
  notices: Generated<number>;
  people: Generated<number>;
  began_at: Stamp;
  /** Until when one instance has claimed the run. */
  lease_until: Optional<Date>;
  finished_at: Optional<Date>;
}

/** An account of the directory that has, or had, access through the portal. */
interface GuestTable {
  /** Object id. */
  id: string;
  /** Canonical; null once it was erased. */
  address: Optional<string>;
  partner: Optional<string>;
  /** `portal`: an invitation of the portal made the account. `unknown`: a version before this table invited. */
  came: 'portal' | 'found' | 'unknown';
  /** Whether the directory has said that the invitation is accepted. */
  accepted: Generated<boolean>;
  created_at: Stamp;
  /** When the directory last showed it. */
  seen_at: Stamp;
  /** When it was found deleted. */
  gone_at: Optional<Date>;
}

/** What a guest has, or had, through the portal. */
interface AccessGrantTable {
  id: Generated<string>;
  guest_id: string;
  kind: 'group' | 'app';
  /** Object id of the group, or of the app's service principal. */
  target_id: string;
  /** Id of the app role; empty for a group. */
  role_id: Generated<string>;
  name: string;
  request_id: string;
  found: GrantFound;
  since: Stamp;
  /** When it is to end; null while nothing ends it. */
  until: Optional<Date>;
  ended_at: Optional<Date>;
  /** What ended it. */
  ended_by: Optional<'guestGone' | 'undo'>;
}

/**
 * `preview` until somebody starts it; `halted` when the portal has stopped it because Microsoft refuses; `stopping` and `undoing`
 * until the rows that are under way have ended.
 */
export type RunState =
  'preview' | 'running' | 'paused' | 'halted' | 'stopping' | 'stopped' | 'done' | 'undoing' | 'undone';

/** What a person chose for a whole file. */
export type RunChoice = {
  /** Whether people get what the policy gives their partner, or the groups and apps that the file names. */
  grants: 'policy' | 'file';
  /** The partner of people that no partner lists; null refuses them. */
  partner: string | null;
  mail: boolean;
  /** A text in the mail; empty for none. */
  message: string;
};

/** What was left out of a file, for its preview. */
export type RunSheet = {
  ignored: string[];
  exampleLine: number | null;
  directoryAsked: boolean;
  /** Whether sentences that rows carry are left out, since the portal does not mail them. */
  messagesLeftOut?: boolean;
};

/** A change to many people at once: today, the invitations of a file. */
interface RunTable {
  id: string;
  state: RunState;
  /** Of the file; empty for pasted rows. */
  name: string;
  choice: Json<RunChoice>;
  /** Of the policy by which the rows were last judged. */
  policy_hash: string;
  sheet: Json<RunSheet>;
  /** `tid/oid`, or `command`. */
  created_by: string;
  created_at: Stamp;
  started_at: Optional<Date>;
  finished_at: Optional<Date>;
  /** When its next row may be claimed; null when there is nothing to do. */
  due_at: Optional<Date>;
  /** How many rows in a row Microsoft has refused for a reason that is not the person's. */
  refusals: Generated<number>;
  /** Why it was halted. */
  problem: OptionalJson<Problem>;
}

/** What a run does with a row. */
export type RowOutcome = 'invite' | 'grant' | 'unchanged' | 'open' | 'duplicate' | 'refused';

/** What the directory said of an address. */
export type Found = {
  /** Why it cannot be invited. */
  problem?: ProblemCode;
  guest?: { id: string; accepted: boolean };
  /** Ids of the groups that were asked for and that the guest is in; app roles as `servicePrincipalId/appRoleId`. */
  groups?: string[];
  roles?: string[];
};

export type RowVerdict = {
  /** Why the row is refused: the code of a text. `value` is what it is about, `instead` what may have been meant. */
  reason?: string;
  value?: string;
  instead?: string;
  partner?: string | null;
  /** The rule of the policy that decided. */
  rule?: string | null;
  /** Names of what is given, and what it is in the directory; see `policy/grants.ts`. */
  grants?: string[];
  targets?: string[];
  /** The request that is open already. */
  requestId?: string;
  /** Whether the row came out otherwise when somebody was about to start it. */
  changed?: boolean;
};

/** What became of the grants and the guest of a row when its run was undone. */
export type Undone = {
  /** Names of the grants that were taken back, and of those that could not be, with why. */
  removed: string[];
  kept: { name: string; code: ProblemCode }[];
  /** Names of grants that stay because they may have been there before: the answer to giving them was lost. */
  unsure?: string[];
  /** `deleted`, or why the guest stays; null where the run did not make the guest. */
  guest: 'deleted' | 'accepted' | 'otherAccess' | 'notPermitted' | 'notLookedAt' | 'refused' | null;
  attempts: number;
};

/** A person to invite, as the file says it: nothing is checked yet. `line` is where the row begins, from 1. */
export type SheetRow = {
  line: number;
  email: string;
  displayName: string;
  firstName: string;
  lastName: string;
  company: string;
  redirectUrl: string;
  /** Keys, names or ids. */
  apps: string[];
  groups: string[];
  language: string;
  message: string;
  /** Null where the file does not say; a text that says neither. */
  sendMail: boolean | string | null;
  /** The first cell that has no heading. */
  surplus: string;
};

interface RunRowTable {
  run_id: string;
  /** 0, 1, 2 … in the order of the file. */
  position: number;
  /** Where the row begins in the file, from 1. */
  line: number;
  /** Canonical; null for a text that is none, and once it was erased. */
  address: Optional<string>;
  typed: Json<SheetRow>;
  found: OptionalJson<Found>;
  outcome: RowOutcome;
  verdict: Json<RowVerdict>;
  request_id: Optional<string>;
  undone: OptionalJson<Undone>;
}

/** What may still be spent: `level` at a moment. See `store/budget.ts`. */
interface BudgetTable {
  name: string;
  level: number;
  at: Date;
}

/** That a guest of the tenant, invited by the portal or not, was seen in a month. */
interface GuestMonthTable {
  /** Its first day, UTC: `2026-11-01`. */
  month: ColumnType<string, string, never>;
  /** `active`: signed in. `governed`: touched by a governance feature that Microsoft bills. */
  kind: 'active' | 'governed';
  guest_id: string;
}

/** What the report on licences last read, and how far a reading is. */
interface LicenceReadingTable {
  /** `owned`, `typed`, `active`, `governed` or `warned`; see `store/licenceReadings.ts`. */
  name: string;
  data: Json<Record<string, unknown>>;
  /** When it was last read to its end. */
  read_at: Optional<Date>;
  /** When it was last tried. */
  tried_at: Optional<Date>;
  /** Where a reading that was cut off goes on. */
  cursor: OptionalJson<Record<string, unknown>>;
  problem: OptionalJson<{ code: string; detail?: string }>;
  lease_until: Optional<Date>;
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
  guest: GuestTable;
  access_grant: AccessGrantTable;
  run: RunTable;
  run_row: RunRowTable;
  budget: BudgetTable;
  guest_month: GuestMonthTable;
  licence_reading: LicenceReadingTable;
}

/** The database or a transaction: store functions take either. */
export type Db = Kysely<Database>;
/** A request as the store returns it. */
export type RequestRow = Selectable<RequestTable>;
export type NewRequest = Insertable<RequestTable>;
export type SubmissionRow = Selectable<SubmissionTable>;
export type StepRow = Selectable<StepTable>;
export type GuestRow = Selectable<GuestTable>;
export type AccessGrantRow = Selectable<AccessGrantTable>;
export type RunData = Selectable<RunTable>;
export type RunRowData = Selectable<RunRowTable>;
export type NoticeRow = Selectable<NoticeTable>;
