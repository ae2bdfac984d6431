import type { Deps } from '../../deps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { startDeadline } from '../../jobs/deadline.js';
import type { Stop } from '../../jobs/stop.js';
import type { Decision } from '../../policy/decision.js';
import type { Partner } from '../../policy/schema.js';
import { ensureGuest, grantTargets, recordGrant, recordGuest } from '../../store/guests.js';
import type { Turn } from '../../store/leases.js';
import { pauseSecondsLeft } from '../../store/pauses.js';
import type { Guest, RequestState, StepDetail, StepRow } from '../../store/schema.js';
import {
  beginStep,
  deleteUnplannedSteps,
  findSteps,
  insertSteps,
  LeaseLost,
  noteStep,
  recordStep,
  type StepOutcome,
  type StepWriter,
} from '../../store/steps.js';
import { losesGuest, meaningOf } from '../problems.js';
import { isSamePerson } from '../review/permissions.js';
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

/** Runs the open steps, and records each before the next begins. */
export async function runSteps(run: Run): Promise<Turn> {
  const { deps, lease, stop } = run;
  const { request } = lease;
  const planned = stepsOf(run.decision, await writesProfiles(run));
  for (let rows = await plan(run, [...planned.keys()]); ; rows = await findSteps(deps.store.db, request.id)) {
    const guestId = guestOf(rows)?.id ?? request.guest_id;
    const next = rows.find((row) => isOpen(row, request.state));
    if (!next) return { state: 'provisioned', guestId, dueInSeconds: null, problem: null };
    lease.signal.throwIfAborted();
    const later = (dueInSeconds: number): Turn => ({
      state: request.state,
      guestId,
      problem: request.problem,
      dueInSeconds,
    });
    if (stop.requested.aborted) return later(0);
    const target = targetOf(deps, next);
    const pause = await pauseSecondsLeft(deps.store.db, ['graph', target]);
    if (pause > 0) return later(pause);
    const step = next.key.startsWith('resend:') ? resendInvitation : planned.get(next.key);
    if (!step) throw new Error(`There is no step called ${next.key}`);
    const leave = deps.targets.enter(target);
    if (!leave) return later(FULL_TARGET_SECONDS);
    const consequence = await attempt(run, step, next, rows).finally(leave);
    if (consequence) return turnAfter(request.state, consequence, guestId);
  }
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
    await deleteUnplannedSteps(db, request.id, keys);
    await insertSteps(
      db,
      request.id,
      keys.map((key, position) => ({ key, position })),
    );
  }
  return findSteps(db, request.id);
}

/** Makes one attempt at one step. Returns what follows its failure; null when the step is finished. */
async function attempt(run: Run, step: Step, { key }: StepRow, rows: StepRow[]): Promise<Consequence | null> {
  const { deps, lease, partner, decision, stop } = run;
  const { db } = deps.store;
  const { request } = lease;
  const writer = { requestId: request.id, owner: lease.owner };
  const row = await beginStep(db, writer, key);
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
  const target = targetOf(deps, row);
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
  { request, invitation, guest }: StepContext,
): Promise<void> {
  const { detail } = outcome;
  const target = grantTargets(decision.grants).get(key);
  await deps.store.db.transaction().execute(async (trx) => {
    await recordStep(trx, writer, key, outcome);
    if (key === 'invitation' && detail.guest) await recordGuest(trx, request, detail.guest);
    if (target && guest && detail.grant) {
      // An earlier version may have invited the guest.
      await ensureGuest(trx, request, guest);
      await recordGrant(trx, { ...target, guestId: guest.id, requestId: request.id, found: detail.grant });
    }
    const { redeemUrl, ...rest } = invitation;
    if (key === 'mail' && redeemUrl) await noteStep(trx, writer, 'invitation', rest);
  });
}

function guestOf(steps: StepRow[]): Guest | null {
  return detailOf(steps, 'invitation').guest ?? detailOf(steps, 'lookup').guest ?? null;
}

function detailOf(steps: StepRow[], key: string): StepDetail {
  return steps.find((step) => step.key === key)?.detail ?? {};
}

function turnAfter(state: Turn['state'], consequence: Consequence, guestId: string | null): Turn {
  const { problem } = consequence;
  if (consequence.kind === 'retry')
    return { state, problem, dueInSeconds: consequence.afterSeconds, guestId };
  // A resend that fails takes nothing from a guest who is in place.
  if (state === 'provisioned' && !losesGuest(problem)) return { state, problem, dueInSeconds: null, guestId };
  return { state: meaningOf(problem.code).state, problem, dueInSeconds: null, guestId };
}
