import { covers, type Access, personKey } from '../../access/access.js';
import { traceparent } from '../../activeSpan.js';
import type { Deps } from '../../deps.js';
import { forbidden, notFound, ownRequest, policyRefuses, proofMissing, PublicError } from '../../errors.js';
import type { Decision } from '../../policy/decision.js';
import { decisionNow } from '../../policy/decide.js';
import { isGuid } from '../../policy/guid.js';
import type { Policy } from '../../policy/policy.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { queueNotice } from '../../store/notices.js';
import { findRequest, recordReview, type ReviewOutcome } from '../../store/requests.js';
import type { Db, RequestRow, Review } from '../../store/schema.js';
import { deleteUnbegunSteps, failOpenSteps, findSteps, reopenSteps } from '../../store/steps.js';
import { resend, type ResendPermission } from '../resend/resend.js';
import { assertTransition } from '../transitions.js';
import { checkApproval, type ApprovalChoice } from './approval.js';
import { ACTION_TABLE, refusalFor, type Refusal, type ReviewAction } from './permissions.js';

/** The version of the request that the approver saw when they decided. */
type Seen = { version: number };

/** An approver's decision; the applicant sees `reason`, and never `note`. */
export type ReviewDecision =
  | ({ action: 'approve'; note?: string } & ApprovalChoice)
  | { action: 'deny'; reason: string; note?: string }
  | { action: 'retry' }
  | { action: 'hold'; note?: string };

/**
 * Why a decision was not recorded: the request has changed since the approver saw it (`changed`), the action is not open in
 * its state (`state`), or a worker holds it at this moment (`underway`).
 */
export type ConflictReason = 'changed' | 'state' | 'underway';

/** A decision that was not recorded, with the request as it is now. The page shows both. */
export class ReviewConflict extends PublicError {
  constructor(
    readonly why: ConflictReason,
    readonly now: RequestRow,
  ) {
    super('conflict', 409);
  }
}

/** A request to decide on, with the decision of the policy in force. */
type Decidable = { request: RequestRow; today: Decision; policy: Policy };

/** What a decision writes, besides the new state. */
type Outcome = Partial<Pick<ReviewOutcome, 'problem' | 'review' | 'partner'>> & {
  detail: Record<string, unknown>;
};

const ERROR_FOR = { forbidden, ownRequest, policyRefuses, proofMissing };

/**
 * Records an approver's decision about a request.
 *
 * - `approve` queues it, with all or some of the partner's grants. The guest gets nothing that the policy does not grant when the
 *   work is done, and keeps what earlier work has granted.
 * - `deny` ends it. A guest account that earlier work has made stays in the directory, with its groups and roles.
 * - `retry` queues it again: steps that are done stay done.
 * - `hold` stops it until an approver decides otherwise, but not while a worker has claimed it: calls to Graph cannot be undone.
 *
 * @throws {PublicError} `notFound` when they may not see it, `forbidden`, `ownRequest`, `policyRefuses`, `proofMissing`, and
 *   what {@link checkApproval} throws
 * @throws {ReviewConflict} another approver, or a worker, was faster
 */
export async function decide(
  deps: Deps,
  access: Access,
  id: string,
  decision: ReviewDecision & Seen,
): Promise<void> {
  const { action, version } = decision;
  const actor = personKey(access.person);
  const decidable = await findDecidable(deps, access, id, decision);
  const outcome = { actor, ...outcomeOf(decidable, decision, actor) };
  const recorded = await deps.store.db
    .transaction()
    .execute((trx) => recordDecision(trx, decidable.request, action, outcome));
  if (!recorded) throw await lateConflict(deps, id, action, version);
  if (action === 'deny') deps.telemetry.figures.requestEnded('denied');
  deps.bell.announce();
  deps.log.info({ requestId: id, action, person: actor }, 'request decided');
}

/**
 * Whether {@link decide} would record this decision as things stand. Records nothing.
 *
 * @throws {PublicError} as {@link decide} does
 */
export async function checkDecision(
  deps: Deps,
  access: Access,
  id: string,
  decision: ReviewDecision & Seen,
): Promise<void> {
  outcomeOf(await findDecidable(deps, access, id, decision), decision, personKey(access.person));
}

/**
 * Queues one more invitation mail, even if the applicant has used up theirs.
 *
 * @returns whether it is queued, and if not, why
 */
export async function resendAsAdmin(
  deps: Deps,
  access: Access,
  id: string,
  { version }: Seen,
): Promise<ResendPermission> {
  const { request } = await findDecidable(deps, access, id, { action: 'resend', version });
  const steps = await findSteps(deps.store.db, id);
  return resend(deps, request, steps, { actor: personKey(access.person), most: Infinity });
}

/** @throws {PublicError} `notFound` for a request that does not exist, or that this person may not see */
export async function findReadable(
  { store }: Pick<Deps, 'store'>,
  { reads, decides }: Access,
  id: string,
): Promise<RequestRow> {
  const request = isGuid(id) ? await findRequest(store.db, id) : undefined;
  if (!request || !(covers(reads, request.partner) || covers(decides, request.partner))) throw notFound();
  return request;
}

/** @throws {PublicError} as {@link decide} does */
async function findDecidable(
  deps: Deps,
  access: Access,
  id: string,
  { action, version }: Seen & { action: ReviewAction | 'resend' },
): Promise<Decidable> {
  const request = await findReadable(deps, access, id);
  const { policy } = deps.policy.current();
  const today = decisionNow(policy, request);
  const refusal = refusalFor(access, request, today, action);
  if (refusal === 'forbidden' || refusal === 'ownRequest') {
    deps.log.warn({ requestId: id, person: personKey(access.person), refused: refusal }, 'decision refused');
    throw ERROR_FOR[refusal]();
  }
  if (request.version !== version) throw new ReviewConflict('changed', request);
  if (refusal) throw errorFor(refusal, request);
  return { request, today, policy };
}

function errorFor(refusal: Refusal, request: RequestRow): PublicError {
  return refusal === 'state' || refusal === 'underway'
    ? new ReviewConflict(refusal, request)
    : ERROR_FOR[refusal]();
}

/** @param by the key of the approver */
function outcomeOf({ request, today, policy }: Decidable, decision: ReviewDecision, by: string): Outcome {
  const signature = { by, at: new Date().toISOString() };
  switch (decision.action) {
    case 'approve': {
      const approved = checkApproval(policy, today, decision);
      const review: Review = { outcome: 'approved', ...signature, ...approved, ...noteOf(decision) };
      return { review, partner: approved.partner, detail: approved };
    }
    case 'deny': {
      const { reason } = decision;
      const review: Review = { outcome: 'denied', ...signature, reason, ...noteOf(decision) };
      return { review, detail: { guestId: request.guest_id } };
    }
    case 'retry':
      return { detail: { from: request.state, problem: request.problem?.code ?? null } };
    case 'hold': {
      const problem = { code: 'heldByReviewer', ...(decision.note && { detail: decision.note }) } as const;
      return { problem, detail: { from: request.state } };
    }
  }
}

function noteOf({ note }: { note?: string }): { note?: string } {
  return note ? { note } : {};
}

/**
 * Writes request, steps and audit event.
 *
 * @returns false when the request is no longer in the version that the approver saw, or a worker holds it
 */
async function recordDecision(
  trx: Db,
  request: RequestRow,
  action: ReviewAction,
  { actor, detail, problem = null, ...rest }: Outcome & { actor: string },
): Promise<boolean> {
  const { id, version } = request;
  const { from, to, event } = ACTION_TABLE[action];
  assertTransition(request.state, to);
  const change = { state: to, problem, due: to === 'queued', trace: traceparent(), ...rest };
  if (!(await recordReview(trx, { id, version, from }, change))) return false;
  if (to === 'queued') await reopenSteps(trx, id);
  if (to === 'denied') {
    // An unproven mailbox may belong to a person who knows nothing of the request.
    if (request.state !== 'unproven') await queueNotice(trx, 'denied', id);
    await deleteUnbegunSteps(trx, id);
    await failOpenSteps(trx, id, { code: 'deniedByReviewer' });
  }
  await insertAuditEvent(trx, { requestId: id, actor, action: event, detail: { version, ...detail } });
  return true;
}

/** Why a decision came too late: another approver was faster, or a worker has begun. */
async function lateConflict({ store }: Deps, id: string, action: ReviewAction, version: number) {
  const now = await findRequest(store.db, id);
  if (!now) return notFound();
  if (now.version !== version) return new ReviewConflict('changed', now);
  return new ReviewConflict(ACTION_TABLE[action].from.includes(now.state) ? 'underway' : 'state', now);
}
