import type { Deps } from '../../deps.js';
import { conflict } from '../../errors.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { isUniqueViolation } from '../../store/database.js';
import { queueNotice } from '../../store/notices.js';
import { releaseRequest } from '../../store/pacing.js';
import { lockUnproven, noteProof, recordProof } from '../../store/requests.js';
import type { Db, Proof, RequestRow, RequestState } from '../../store/schema.js';
import { findStandingRequest, moveSubmissions } from '../../store/submissions.js';
import { traceparent } from '../../activeSpan.js';
import { addressOf } from '../../policy/decide.js';
import { takeOverRow } from '../row.js';
import { Overtaken, QUIET_SECONDS, retryOvertaken } from '../submit/claimAddress.js';
import { decideSubmission, suspicionsOf } from '../submit/decideSubmission.js';
import { assertTransition, STATE_AFTER } from '../transitions.js';

/**
 * Records the proof that a request waits for, decides again, and records the event, in one transaction. If the address has
 * another request already, this one lapses and its pages show the other.
 *
 * @param within work of the same transaction, such as using up a code; the proof counts only if it returns true
 * @returns the id of the request that goes on
 * @throws {PublicError} `conflict` when the request does not wait for this proof
 */
export async function prove(
  deps: Deps,
  requestId: string,
  proof: Proof,
  within: (trx: Db) => Promise<boolean> = () => Promise.resolve(true),
): Promise<string> {
  const { goesOn, state } = await retryOvertaken(deps.store.db, async (trx) => {
    const request = await lockUnproven(trx, requestId);
    if (!request || !(await within(trx))) throw conflict();
    return acceptProof(deps, trx, request, proof);
  });
  if (state === 'denied' || state === 'lapsed') deps.telemetry.figures.requestEnded(state);
  deps.bell.announce();
  deps.noticeBell.announce();
  deps.log.info({ requestId, proof: proof.kind }, 'request proven');
  return goesOn;
}

type Proven = { goesOn: string; state: RequestState };

/** @throws Overtaken */
async function acceptProof(deps: Deps, trx: Db, request: RequestRow, proof: Proof): Promise<Proven> {
  const { policy, hash } = deps.policy.current();
  const applicant = { address: addressOf(request), proven: proof.kind };
  const decision = await decideSubmission(trx, policy, applicant, suspicionsOf(request.decision));
  // The policy requires another proof now.
  if (decision.outcome === 'prove') throw conflict();
  const state = STATE_AFTER[decision.outcome];
  const standing =
    state === 'denied' ? undefined : await findStandingRequest(trx, { ...request, state }, QUIET_SECONDS);
  assertTransition(request.state, standing ? 'lapsed' : state);
  const { kind, by } = proof;
  await recordProof(trx, request.id, {
    state: standing ? 'lapsed' : state,
    problem: standing ? { code: 'superseded' } : null,
    proof,
    decision,
    partner: decision.partner,
    policyHash: hash,
    trace: traceparent(),
  }).catch((error: unknown) => {
    // Another request of the address was queued between the two statements.
    throw isUniqueViolation(error) ? new Overtaken() : error;
  });
  await insertAuditEvent(trx, {
    requestId: request.id,
    actor: 'partner',
    action: 'request.proven',
    detail: { kind, ...(by !== undefined && { by }), state: standing ? 'lapsed' : state },
  });
  if (standing) {
    if (!(await noteProof(trx, standing.id, proof))) throw new Overtaken();
    if (proof.kind === 'tenant') await releaseRequest(trx, standing.id);
    await moveSubmissions(trx, request.id, standing.id);
    await takeOverRow(trx, standing);
    return { goesOn: standing.id, state: 'lapsed' };
  }
  if (state === 'pending') await queueNotice(trx, 'waiting', request.id);
  return { goesOn: request.id, state };
}
