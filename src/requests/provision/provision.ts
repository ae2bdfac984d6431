import type { Deps } from '../../deps.js';
import type { Stop } from '../../jobs/stop.js';
import type { Decision } from '../../policy/decision.js';
import { decisionNow } from '../../policy/decide.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { endAccessOfGone } from '../../store/guests.js';
import { endTurn, type Claim, type Turn } from '../../store/leases.js';
import { findProvenOpen, findRequest } from '../../store/requests.js';
import { noteMailed } from '../../store/mailboxes.js';
import { ANSWER, queueNotice, queueRunNotice } from '../../store/notices.js';
import { findRun, noteRowEnd } from '../../store/runs.js';
import type { Db, RecordedDecision, RequestRow, RequestState } from '../../store/schema.js';
import { deleteSteps, deleteUnbegunSteps, failOpenSteps, LeaseLost } from '../../store/steps.js';
import { isForOwner, isOurs } from '../problems.js';
import { isRow, mailIfNobodyHas } from '../row.js';
import { withApproval } from '../review/approval.js';
import { countedBeside } from '../submit/decideSubmission.js';
import { assertTransition } from '../transitions.js';
import { holdLease, type Lease } from './lease.js';
import { runSteps } from './runSteps.js';

/**
 * Works on a claimed request for one turn: decides again by the policy in force, then runs the steps that are not done. It may be
 * cut off anywhere, and repeated any number of times.
 */
export async function provision(deps: Deps, claim: Claim, stop: Stop): Promise<void> {
  const lease = holdLease(deps, claim);
  try {
    await end(deps, lease, await work(deps, lease, stop));
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
    deps.log.warn({ requestId: claim.request.id }, 'another worker has taken the request over');
  } finally {
    lease.drop();
  }
}

async function work(deps: Deps, lease: Lease, stop: Stop): Promise<Turn> {
  const { request } = lease;
  const decision = decideAgain(deps, request);
  const partner = deps.policy.current().policy.partner(decision.partner);
  if (decision.outcome !== 'invite' || !partner) {
    const state = stateWithoutInvitation(request, decision);
    return {
      ...(state === 'pending' && { decided: decidedAnew(deps, request, decision) }),
      state,
      problem: stillWaits(request, decision) ? null : { code: 'policyChanged' },
      dueInSeconds: null,
      guestId: request.guest_id,
    };
  }
  const turn = await runSteps({ deps, lease, partner, decision, stop });
  // Record the grants that were given, since the policy may change later.
  const given = request.state === 'queued' && turn.state === 'provisioned';
  return given ? { ...turn, decided: { decision: { ...request.decision, grants: decision.grants } } } : turn;
}

/** A request that waits again waits for the approvers of its present partner. */
function decidedAnew(
  deps: Deps,
  { decision: recorded }: RequestRow,
  decision: Decision,
): NonNullable<Turn['decided']> {
  // The reasons of limits and guards stay, since the policy does not repeat them.
  const anew: RecordedDecision = { ...decision, reasons: [...decision.reasons, ...countedBeside(recorded)] };
  return { decision: anew, partner: decision.partner, policy_hash: deps.policy.current().hash };
}

function decideAgain(deps: Deps, request: RequestRow): Decision {
  const { policy } = deps.policy.current();
  return withApproval(policy, decisionNow(policy, request), request);
}

/** Whether the request needed an approval from the beginning and still has none: nothing has changed for it. */
function stillWaits({ decision, review }: RequestRow, { outcome }: Decision): boolean {
  return outcome === 'review' && decision.outcome === 'review' && review === null;
}

/**
 * The state of a request that the policy in force would not invite any more. A provisioned guest stays; for one who was invited
 * and has no access yet, an approver decides.
 */
function stateWithoutInvitation({ state, guest_id }: RequestRow, { outcome }: Decision): RequestState {
  if (state === 'provisioned') return 'provisioned';
  if (outcome !== 'deny') return 'pending';
  return guest_id === null ? 'denied' : 'held';
}

/** Records how the turn ended, with its audit event and the moment of the next turn. */
async function end(deps: Deps, { request, owner }: Lease, ended: Turn): Promise<void> {
  const worked = await afterBlock(deps, request, ended);
  // An address has one open request: another one goes on in place of this one.
  const replaced =
    request.state === 'provisioned' && worked.state === 'held' && (await hasOpenRequest(deps, request));
  const turn = replaced ? { ...worked, state: request.state } : worked;
  assertTransition(request.state, turn.state);
  const recorded = await deps.store.db.transaction().execute(async (trx) => {
    if (!(await endTurn(trx, request.id, owner, turn))) return false;
    // In the same transaction, so that a simultaneous sign-up of the address sees both or neither.
    const tellsOwner = isForOwner(turn) && !isRow(request);
    if (turn.state === 'provisioned' || tellsOwner) await noteMailed(trx, request.address);
    // No work is left: a planned step would seem to wait for ever.
    const over = turn.state === 'denied' || (turn.state === 'provisioned' && turn.dueInSeconds === null);
    if (over && turn.problem) {
      await deleteUnbegunSteps(trx, request.id);
      await failOpenSteps(trx, request.id, turn.problem);
    }
    // The next attempt starts over, with the look-up and an invitation.
    if (request.state === 'provisioned' && turn.state === 'held') await deleteSteps(trx, request.id);
    if (turn.problem?.code === 'guestGone' && turn.guestId) await endAccessOfGone(trx, turn.guestId);
    if (request.run_id) await noteRow(trx, request.run_id, worked, ended.problem);
    if (turn.state === 'provisioned') await mailWhoJoined(trx, request);
    if (turn.state !== request.state) {
      await insertAuditEvent(trx, {
        requestId: request.id,
        actor: 'portal',
        action: `request.${turn.state}`,
        // Only the code: Microsoft's words about a problem may name the person, and the trail is kept for ever.
        detail: { ...(turn.problem && { problem: turn.problem.code }), guestId: turn.guestId },
      });
      if (turn.state === 'pending') await queueNotice(trx, 'waiting', request.id);
      // After an approval the applicant expects an invitation, so a denial is mailed. Others read it on the status page.
      // Who did not ask for anything is not told that they do not get it.
      if (tellsOwner) await queueNotice(trx, ANSWER, request.id);
      else if (turn.state === 'denied' && request.review) await queueNotice(trx, 'denied', request.id);
    }
    return true;
  });
  const { state, problem } = turn;
  deps.log.info(
    { requestId: request.id, state, problem: problem?.code ?? null, ended: recorded },
    'turn ended',
  );
  if (recorded) reportEnd(deps, request, turn);
}

/** A row at which Microsoft blocks all invitations is not to blame: it is tried again if its run can go on. */
async function afterBlock({ store }: Deps, request: RequestRow, turn: Turn): Promise<Turn> {
  const { run_id, state } = request;
  if (run_id === null || !isRow(request) || turn.problem?.code !== 'invitationsBlocked') return turn;
  const run = await findRun(store.db, run_id);
  const goesOn = run?.state === 'running' || run?.state === 'halted' || run?.state === 'paused';
  return goesOn ? { ...turn, state, dueInSeconds: 0 } : turn;
}

/** Who signed up while their row was worked on has still to be mailed. */
async function mailWhoJoined(trx: Db, { id, run_id }: RequestRow): Promise<void> {
  if (run_id === null) return;
  const joined = await findRequest(trx, id);
  if (joined && !isRow(joined)) await mailIfNobodyHas(trx, id);
}

/** So many refusals in a row halt a run. */
const MOST_REFUSALS = 5;

/** Halts the run of a row when Microsoft refuses row after row, and has its starter mailed. */
async function noteRow(trx: Db, runId: string, { state }: Turn, problem: Turn['problem']): Promise<void> {
  const ours = problem !== null && isOurs(problem) ? problem : null;
  if (!ours && state !== 'provisioned') return;
  const atOnce = ours?.code === 'invitationsBlocked';
  // What is tried again has not been refused.
  if (ours && state === 'queued' && !atOnce) return;
  const refused = { refusal: ours, atOnce, most: MOST_REFUSALS };
  if (!(await noteRowEnd(trx, runId, refused)) || !ours) return;
  await queueRunNotice(trx, runId);
  await insertAuditEvent(trx, {
    actor: 'portal',
    action: 'run.halted',
    detail: { run: runId, problem: ours.code },
  });
}

async function hasOpenRequest({ store }: Deps, { address }: RequestRow): Promise<boolean> {
  return (await findProvenOpen(store.db, address)) !== undefined;
}

/** Reports how the work on a request has ended: counts it, and logs an error if an operator has to act. */
function reportEnd(
  { log, telemetry: { figures } }: Pick<Deps, 'log' | 'telemetry'>,
  request: RequestRow,
  { state, problem }: Pick<Turn, 'state' | 'problem'>,
): void {
  if (state === request.state) return;
  figures.requestEnded(state);
  if (state === 'provisioned') {
    const seconds = (Date.now() - request.created_at.getTime()) / 1000;
    figures.provisioned(seconds, request.review !== null || request.proof !== null);
  }
  if (state !== 'failed' && state !== 'held') return;
  log.error(
    { requestId: request.id, state, problem: problem?.code ?? null },
    'a request goes no further until somebody looks at it',
  );
}
