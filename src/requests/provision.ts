import type { Deps } from '../deps.js';
import { parseAddress } from '../policy/address.js';
import { decide, type Decision } from '../policy/decide.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import { endTurn, type Turn } from '../store/requests.js';
import type { RequestRow, RequestState } from '../store/schema.js';
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

/** Where a request stands that the policy in force would not invite any more. A guest in place stays one. */
function stateWithoutInvitation({ state }: RequestRow, { outcome }: Decision): RequestState {
  if (state === 'provisioned') return 'provisioned';
  return outcome === 'deny' ? 'denied' : 'pending';
}

/** Stores how the turn ended, its audit event and its next wake-up together. */
async function end(deps: Deps, { request, owner }: Lease, turn: Turn): Promise<void> {
  assertTransition(request.state, turn.state);
  const ended = await deps.store.db.transaction().execute(async (trx) => {
    if (!(await endTurn(trx, request.id, owner, turn))) return false;
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
