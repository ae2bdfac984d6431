import type { Deps } from '../deps.js';
import { parseAddress } from '../policy/address.js';
import { decide, type Decision } from '../policy/decide.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import { endTurn, type Turn } from '../store/requests.js';
import type { RequestRow, RequestState } from '../store/schema.js';
import { deleteUnbegunSteps, failOpenSteps, LeaseLost } from '../store/steps.js';
import { takeLease, type Lease } from './provisioning/lease.js';
import { runSteps } from './provisioning/runSteps.js';
import { assertTransition } from './transitions.js';

/**
 * Brings one request as far as it gets: decides again on the policy in force, then runs the steps that are not
 * done yet. Safe to call at any time and as often as one likes; only one worker at a time gets hold of a request.
 *
 * @param stopping when aborted, the request is put back after the step in hand
 */
export async function provision(deps: Deps, requestId: string, stopping: AbortSignal): Promise<void> {
  const lease = await takeLease(deps, requestId);
  if (!lease) return;
  try {
    await end(deps, lease, await work(deps, lease, stopping));
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
    deps.log.warn({ requestId }, 'another worker has taken the request over');
  } finally {
    lease.drop();
  }
}

async function work(deps: Deps, lease: Lease, stopping: AbortSignal): Promise<Turn> {
  const { request } = lease;
  const decision = decideAgain(deps, request);
  const partner =
    decision.partner === null ? undefined : deps.policy.current().policy.partner(decision.partner);
  if (decision.outcome !== 'invite' || !partner) {
    return {
      state: stateWithoutInvitation(request, decision),
      problem: { code: 'policyChanged' },
      dueInSeconds: null,
      guestId: request.guest_id,
    };
  }
  return runSteps({ deps, lease, partner, decision, stopping });
}

function decideAgain(deps: Deps, request: RequestRow): Decision {
  const parsed = parseAddress(request.address);
  if (!parsed.ok) throw new Error(`Request ${request.id} holds an address that does not parse`);
  return decide(deps.policy.current().policy, { address: parsed.address });
}

/**
 * Where a request stands that the policy in force would not invite any more. A guest who is in place stays; one who was
 * invited but has no access yet is for a person to decide on.
 */
function stateWithoutInvitation({ state, guest_id }: RequestRow, { outcome }: Decision): RequestState {
  if (state === 'provisioned') return 'provisioned';
  if (outcome !== 'deny') return 'pending';
  return guest_id === null ? 'denied' : 'held';
}

/** Stores how the turn ended, its audit event and its next wake-up together. */
async function end(deps: Deps, { request, owner }: Lease, turn: Turn): Promise<void> {
  assertTransition(request.state, turn.state);
  const ended = await deps.store.db.transaction().execute(async (trx) => {
    if (!(await endTurn(trx, request.id, owner, turn))) return false;
    // Nobody will come back to these: a step that was planned would seem to wait for ever.
    const over = turn.state === 'denied' || (turn.state === 'provisioned' && turn.dueInSeconds === null);
    if (over && turn.problem) {
      await deleteUnbegunSteps(trx, request.id);
      await failOpenSteps(trx, request.id, turn.problem);
    }
    if (turn.state !== request.state) {
      await insertAuditEvent(trx, {
        requestId: request.id,
        actor: 'portal',
        action: `request.${turn.state}`,
        detail: { ...(turn.problem && { problem: turn.problem }), guestId: turn.guestId },
      });
    }
    if (turn.dueInSeconds !== null) {
      await deps.queue.send(trx, request.id, { delaySeconds: turn.dueInSeconds });
    }
    return true;
  });
  const { state, problem } = turn;
  deps.log.info({ requestId: request.id, state, problem: problem?.code ?? null, ended }, 'turn ended');
}
