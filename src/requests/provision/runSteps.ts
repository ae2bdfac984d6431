import type { Deps } from '../../deps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { startDeadline } from '../../jobs/deadline.js';
import type { Stop } from '../../jobs/stop.js';
import type { Decision } from '../../policy/decision.js';
import type { Partner } from '../../policy/schema.js';
import { takeTurns } from '../../store/budget.js';
import { RUN_MAILS } from '../../store/runMails.js';
import { grantTargets, recordGrant, recordGuest } from '../../store/guests.js';
import type { Turn } from '../../store/leases.js';
import type { Guest, RequestRow, RequestState, StepDetail, StepRow } from '../../store/schema.js';
import {
  beginStep,
  findSteps,
  LeaseLost,
  noteStep,
  planSteps,
  recordStep,
  type StepOutcome,
  type StepWriter,
} from '../../store/steps.js';
import { losesGuest, meaningOf } from '../problems.js';
import { isSamePerson } from '../review/permissions.js';
import { isRow } from '../row.js';
import { consequenceOf, type Consequence } from './consequence.js';
import { addToGroup, assignRole } from './grant.js';
import { invite, lookUp } from './invite.js';
import type { Lease } from './lease.js';
import { mailInvitation, resendInvitation } from './mailInvitation.js';
import { writeProfile } from './profile.js';
import { type Step, type StepContext, StepStop } from './step.js';

type Run = { deps: Deps; lease: Lease; partner: Partner; decision: Decision; stop: Stop };

/** The steps of a decision, in order, by their keys in the store. */
function stepsOf({ grants }: Decision, writesProfiles: boolean): Map<string, Step> {
  return new Map<string, Step>([
    ['lookup', lookUp],
    ['invitation', invite],
    ...grants.groups.map((group): [string, Step] => [`group:${group.key}`, addToGroup(group)]),
    ...grants.appRoles.map((role): [string, Step] => [`app:${role.key}`, assignRole(role)]),
    ['mail', mailInvitation],
    // Last, since nothing else depends on it.
    ...(writesProfiles ? [['profile', writeProfile] as const] : []),
  ]);
}

/** Runs the open steps, and records each before what needs it begins. The grants, which need only the guest, go abreast. */
export async function runSteps(run: Run): Promise<Turn> {
  const { lease, stop } = run;
  const { request } = lease;
  const planned = stepsOf(run.decision, await writesProfiles(run));
  // Nobody else writes steps while the lease lasts, so they are read once.
  const rows = await plan(run, [...planned.keys()]);
  for (;;) {
    const guestId = guestOf(rows)?.id ?? request.guest_id;
    const open = rows.filter((row) => isOpen(row, request.state));
    const [next] = open;
    if (!next) return { state: 'provisioned', guestId, dueInSeconds: null, problem: null };
    lease.signal.throwIfAborted();
    if (stop.requested.aborted) return turnAfter(request, { kind: 'later', afterSeconds: 0 }, guestId);
    const abreast = isGrant(next) ? open.filter(isGrant) : [next];
    const ends = await allOf(abreast.map((row) => advance(run, planned, row, rows)));
    const end = foremost(ends.filter((one) => one !== null));
    if (end) return turnAfter(request, end, guestId);
  }
}

/** How the work on a step ended, if it is not finished: it could not begin, or its attempt failed. `settled`: nothing is wrong. */
type Unfinished = Consequence | { kind: 'later'; afterSeconds: number; settled?: boolean };

/** Makes one attempt at one step, if what it depends on has a place. Returns null when the step is finished. */
async function advance(
  run: Run,
  planned: Map<string, Step>,
  row: StepRow,
  rows: StepRow[],
): Promise<Unfinished | null> {
  const { deps, lease } = run;
  const target = targetOf(deps, row);
  const turn = await mailTurn(run, row, rows);
  if (turn > 0) return { kind: 'later', afterSeconds: turn, settled: true };
  const step = row.key.startsWith('resend:') ? resendInvitation : planned.get(row.key);
  if (!step) throw new Error(`There is no step called ${row.key}`);
  // A run has its own places, and nobody waits for them.
  const leave = isRow(lease.request) ? () => undefined : deps.targets.enter(target);
  if (!leave) return { kind: 'later', afterSeconds: FULL_TARGET_SECONDS };
  return attempt(run, step, row, rows).finally(leave);
}

/** A turn that is longer ago was missed. */
const MISSED_SECONDS = 10;

/** The mails of runs keep a pace, so that they do not flood the mail server. @returns the seconds until the turn of this one */
async function mailTurn({ deps, lease }: Run, row: StepRow, rows: StepRow[]): Promise<number> {
  const { request, owner } = lease;
  // What people ask for again does not wait, and what is mailed later has got its turn with its due time.
  const isMail = row.key === 'mail' && detailOf(rows, 'invitation').mailedBy === 'portal';
  if (!isRow(request) || !isMail) return 0;
  const { turnAt } = row.detail;
  const waits = turnAt === undefined ? null : (Date.parse(turnAt) - Date.now()) / 1000;
  // After a pause of the run many turns have gone by at once: take another one.
  if (waits !== null && waits > -MISSED_SECONDS) return Math.max(0, waits);
  const { at, waitSeconds } = await takeTurns(deps.store.db, RUN_MAILS, {
    perMinute: deps.limits.bulk.mailsPerMinute,
  });
  const writer = { requestId: request.id, owner };
  if (waitSeconds > 0)
    await noteStep(deps.store.db, writer, row.key, { ...row.detail, turnAt: at.toISOString() });
  return waitSeconds;
}

/** Waits for all, so that nothing is running when the caller gets the first failure. */
async function allOf<T>(works: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}

const WEIGHT = { stop: 2, retry: 1, later: 0 } as const;

/** What decides about the turn, of several steps that are not finished: a stop, or else the longest wait. */
function foremost(ends: Unfinished[]): Unfinished | null {
  const seconds = (end: Unfinished) => (end.kind === 'stop' ? 0 : end.afterSeconds);
  const [first = null] = ends.sort(
    (one, other) => WEIGHT[other.kind] - WEIGHT[one.kind] || seconds(other) - seconds(one),
  );
  return first;
}

/** Whether the portal may write profiles; without a token nobody knows, and the first step says so. */
async function writesProfiles({ deps: { graph }, lease: { signal } }: Run): Promise<boolean> {
  try {
    return await graph.isPermitted('profile', signal);
  } catch (error) {
    if (error instanceof GraphFault) return false;
    throw error;
  }
}

/** When to look again at a target that has all the places that it may have. */
const FULL_TARGET_SECONDS = 2;

function isGrant({ key }: StepRow): boolean {
  return key.startsWith('group:') || key.startsWith('app:');
}

/** What a step depends on: a group or an app (`group:crm`, `app:wiki`), the mail server, or only Graph. */
function targetOf({ mailer }: Deps, { key }: StepRow): string {
  if (key === 'mail' || key.startsWith('resend:')) return mailer ? 'mail' : 'graph';
  return key.includes(':') ? key : 'graph';
}

/** A failed step is open again once its request has been queued again. */
function isOpen({ state }: StepRow, requestState: RequestState): boolean {
  return state === 'waiting' || state === 'running' || (state === 'failed' && requestState === 'queued');
}

async function plan({ deps, lease: { request } }: Run, keys: string[]): Promise<StepRow[]> {
  const { db } = deps.store;
  // A provisioned request can only have a resend left, and its grants are not planned again.
  if (request.state === 'queued') {
    return planSteps(db, request.id, keys);
  }
  return findSteps(db, request.id);
}

/** Makes one attempt at one step. Returns what follows its failure; null when the step is finished. */
async function attempt(run: Run, step: Step, known: StepRow, rows: StepRow[]): Promise<Unfinished | null> {
  const { key } = known;
  const { deps, lease, partner, decision, stop } = run;
  const { db } = deps.store;
  const { request } = lease;
  const writer = { requestId: request.id, owner: lease.owner };
  const target = targetOf(deps, known);
  const row = await beginStep(db, writer, key, ['graph', target]);
  if (typeof row === 'number') return { kind: 'later', afterSeconds: row };
  lease.beginStep();
  const deadline = startDeadline(deps.limits.stepSeconds, [lease.signal, stop.overdue]);
  const context: StepContext = {
    deps,
    request,
    partner,
    decision,
    step: row,
    invitation: detailOf(rows, 'invitation'),
    guest: guestOf(rows),
    signal: deadline.signal,
    note: async (detail) => {
      row.detail = detail;
      await noteStep(db, writer, key, detail);
    },
  };
  try {
    refuseSelfApproval(context);
    const {
      detail = {},
      graphRequestId = null,
      unconfirmed = null,
    } = await deps.telemetry.tracing.span({ name: `step ${kindOf(key)}` }, () => step(context));
    if (!deadline.passed()) deps.targets.answered(target);
    const state = unconfirmed ? 'unconfirmed' : 'done';
    const outcome = { state, detail, problem: unconfirmed, graphRequestId } as const;
    await recordSuccess(run, writer, key, outcome, context);
    Object.assign(known, row, { state, detail });
    return null;
  } catch (error) {
    if (lease.signal.aborted || error instanceof LeaseLost) throw error;
    const consequence = await consequenceOf(deps, row, error);
    await recordStep(db, writer, key, {
      state: consequence.kind === 'retry' ? 'waiting' : 'failed',
      detail: row.detail,
      problem: consequence.problem,
      graphRequestId: consequence.graphRequestId,
    });
    return consequence;
  } finally {
    deadline.clear();
    if (deadline.passed()) await deps.targets.timedOut(target);
  }
}

/**
 * Nobody approves their own request, even from an account that only now turns out to be the guest's.
 *
 * @throws {StepStop} when the approver is the guest
 */
function refuseSelfApproval({ request, guest }: StepContext): void {
  const { state, review } = request;
  if (state !== 'queued' || review?.outcome !== 'approved' || !guest) return;
  if (isSamePerson(review.by, guest.id)) throw new StepStop({ code: 'selfApproval' });
}

/** The key up to its colon, since there must be few names of spans. */
function kindOf(key: string): string {
  return key.split(':', 1)[0] ?? key;
}

/** Records a step that is finished, with what it changed: a guest, a grant, or a redeem link that is mailed and not needed any more. */
async function recordSuccess(
  { deps, decision }: Run,
  writer: StepWriter,
  key: string,
  outcome: StepOutcome,
  { invitation, guest }: StepContext,
): Promise<void> {
  const { db } = deps.store;
  const { detail } = outcome;
  const target = grantTargets(decision.grants).get(key);
  const { redeemUrl, ...rest } = invitation;
  // First what else is to be kept: a step that is repeated because this broke off keeps the same once more.
  if (key === 'invitation' && detail.guest) await recordGuest(db, writer, detail.guest);
  if (target && guest && detail.grant)
    await recordGrant(db, writer, guest, { ...target, found: detail.grant });
  if (key === 'mail' && redeemUrl) await noteStep(db, writer, 'invitation', rest);
  await recordStep(db, writer, key, outcome);
}

function guestOf(steps: StepRow[]): Guest | null {
  return detailOf(steps, 'invitation').guest ?? detailOf(steps, 'lookup').guest ?? null;
}

function detailOf(steps: StepRow[], key: string): StepDetail {
  return steps.find((step) => step.key === key)?.detail ?? {};
}

function turnAfter({ state, problem: before }: RequestRow, end: Unfinished, guestId: string | null): Turn {
  if (end.kind === 'later') {
    return { state, problem: end.settled ? null : before, dueInSeconds: end.afterSeconds, guestId };
  }
  const { problem } = end;
  if (end.kind === 'retry') return { state, problem, dueInSeconds: end.afterSeconds, guestId };
  // A resend that fails takes nothing from a guest who is in place.
  if (state === 'provisioned' && !losesGuest(problem)) return { state, problem, dueInSeconds: null, guestId };
  return { state: meaningOf(problem.code).state, problem, dueInSeconds: null, guestId };
}
