import type { Deps } from '../../deps.js';
import type { Decision } from '../../policy/decide.js';
import type { Partner } from '../../policy/schema.js';
import type { Turn } from '../../store/leases.js';
import { pauseSecondsLeft } from '../../store/pauses.js';
import type { Db, Guest, RequestState, StepDetail, StepRow } from '../../store/schema.js';
import {
  beginStep,
  deleteUnsettledSteps,
  findSteps,
  insertSteps,
  LeaseLost,
  noteStep,
  settleStep,
  type StepOutcome,
  type StepWriter,
} from '../../store/steps.js';
import { consequenceOf, type Consequence } from './consequence.js';
import { addToGroup, assignRole } from './grant.js';
import { invite } from './invite.js';
import type { Lease } from './lease.js';
import { lookUp } from './lookUp.js';
import { mailInvitation, resendInvitation } from './mailInvitation.js';
import { refuseSelfApproval } from './selfApproval.js';
import type { Step, StepContext } from './step.js';

type Run = { deps: Deps; lease: Lease; partner: Partner; decision: Decision; stopping: AbortSignal };

/** The steps that a decision asks for, in order. */
export function plannedKeys({ grants }: Decision): string[] {
  return [
    'lookup',
    'invitation',
    ...grants.groups.map(({ key }) => `group:${key}`),
    ...grants.appRoles.map(({ key }) => `app:${key}`),
    'mail',
  ];
}

/** Runs the steps that are not settled, each stored before the next begins. */
export async function runSteps(run: Run): Promise<Turn> {
  const { deps, lease, stopping } = run;
  const { request } = lease;
  const done = { dueInSeconds: null, problem: null };
  for (let steps = await plan(run); ; steps = await findSteps(deps.store.db, request.id)) {
    const guestId = guestOf(steps)?.id ?? request.guest_id;
    const next = steps.find((step) => isOpen(step, request.state));
    if (!next) return { state: 'provisioned', guestId, ...done };
    lease.signal.throwIfAborted();
    const pause = stopping.aborted ? 0 : await pauseSecondsLeft(deps.store.db, 'graph');
    if (stopping.aborted || pause > 0) {
      return { state: request.state, guestId, problem: request.problem, dueInSeconds: pause };
    }
    const consequence = await attempt(run, next, steps);
    if (consequence) return turnAfter(request.state, consequence, guestId);
  }
}

/** A failed step is open again once its request has been put back into the queue. */
function isOpen({ state }: StepRow, requestState: RequestState): boolean {
  return state === 'waiting' || state === 'running' || (state === 'failed' && requestState === 'queued');
}

async function plan({ deps, lease: { request }, decision }: Run): Promise<StepRow[]> {
  const { db } = deps.store;
  // Of a request that is provisioned only a resend can be left; what it was granted is not planned anew.
  if (request.state === 'queued') {
    const keys = plannedKeys(decision);
    await deleteUnsettledSteps(db, request.id, keys);
    await insertSteps(
      db,
      request.id,
      keys.map((key, position) => ({ key, position })),
    );
  }
  return findSteps(db, request.id);
}

/** One attempt at one step. Returns what its failure leads to, or nothing when the step is settled. */
async function attempt(run: Run, { key }: StepRow, steps: StepRow[]): Promise<Consequence | null> {
  const { deps, lease, partner, decision } = run;
  const { db } = deps.store;
  const { request, signal } = lease;
  const writer = { requestId: request.id, owner: lease.owner };
  const step = await beginStep(db, writer, key);
  const context: StepContext = {
    deps,
    request,
    partner,
    decision,
    step,
    guest: guestOf(steps),
    signal,
    note: async (detail) => {
      step.detail = detail;
      await noteStep(db, writer, key, detail);
    },
  };
  try {
    refuseSelfApproval(context);
    const {
      detail = {},
      graphRequestId = null,
      unconfirmed = null,
    } = await deps.telemetry.tracing.tell({ name: `step ${kindOf(key)}` }, () =>
      stepFor(key, steps)(context),
    );
    const state = unconfirmed ? 'unconfirmed' : 'done';
    const outcome = { state, detail, problem: unconfirmed, graphRequestId } as const;
    if (key === 'mail') await settleMail(db, writer, outcome, detailOf(steps, 'invitation'));
    else await settleStep(db, writer, key, outcome);
    return null;
  } catch (error) {
    if (signal.aborted || error instanceof LeaseLost) throw error;
    const consequence = await consequenceOf(deps, step, error);
    await settleStep(db, writer, key, {
      state: consequence.kind === 'retry' ? 'waiting' : 'failed',
      detail: step.detail,
      problem: consequence.problem,
      graphRequestId: null,
    });
    return consequence;
  }
}

/** Without what follows the colon: names of spans are few. */
function kindOf(key: string): string {
  return key.split(':', 1)[0] ?? key;
}

function stepFor(key: string, steps: StepRow[]): Step {
  if (key === 'lookup') return lookUp;
  if (key === 'invitation') return invite;
  if (key === 'mail') return mailInvitation(detailOf(steps, 'invitation'));
  if (key.startsWith('group:')) return addToGroup;
  if (key.startsWith('app:')) return assignRole;
  if (key.startsWith('resend:')) return resendInvitation;
  throw new Error(`There is no step called ${key}`);
}

/** Once mailed, the redeem link has no business in the store. */
async function settleMail(
  db: Db,
  writer: StepWriter,
  outcome: StepOutcome,
  invitation: StepDetail,
): Promise<void> {
  const { redeemUrl, ...rest } = invitation;
  await db.transaction().execute(async (trx) => {
    await settleStep(trx, writer, 'mail', outcome);
    if (redeemUrl) await noteStep(trx, writer, 'invitation', rest);
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
  if (state === 'provisioned') return { state, problem, dueInSeconds: null, guestId };
  return { state: consequence.state, problem, dueInSeconds: null, guestId };
}
