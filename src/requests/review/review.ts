import { covers, type Access } from '../../access/access.js';
import { personKey } from '../../access/person.js';
import type { Deps } from '../../deps.js';
import { forbidden, notFound, ownRequest } from '../../errors.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { queueNotice } from '../../store/notices.js';
import { findRequest } from '../../store/requests.js';
import type { RequestRow, Review } from '../../store/schema.js';
import { settleRequest, type Settlement } from '../../store/settlements.js';
import { deleteUnbegunSteps, failOpenSteps, findSteps, reopenSteps } from '../../store/steps.js';
import { isOwnRequest } from './ownRequest.js';
import { isRequestId } from '../requestId.js';
import { resend, type ResendPermission } from '../resend/resend.js';
import { traceparent } from '../../activeSpan.js';
import { ACTION_TABLE, type ReviewAction } from './reviewActions.js';
import { conflictOf, ReviewConflict } from './reviewConflict.js';
import { decisionNow } from '../../policy/decisionNow.js';
import { reviewedGrants, type Choice } from './reviewedGrants.js';
import { assertTransition } from '../transitions.js';

/** The version of the request that the person saw when they decided. */
type Seen = { version: number };
type Outcome = Partial<Pick<Settlement, 'problem' | 'review' | 'partner'>> & {
  detail?: Record<string, unknown>;
};

/**
 * Approves a request, whole or with fewer grants than the partner has, and queues it. Approving gives nothing that the policy
 * does not grant when the work is done; it takes nothing back that earlier work has given.
 *
 * @throws {PublicError} what {@link findDecidable} and `reviewedGrants` throw
 * @throws {ReviewConflict} somebody else was faster
 */
export async function approve(
  deps: Deps,
  access: Access,
  id: string,
  { version, note, ...choice }: Seen & Choice & { note?: string },
): Promise<void> {
  await settle(deps, access, id, 'approve', version, (request) => {
    const approved = reviewedGrants(deps.policy.current().policy, access, request, choice);
    const review: Review = { outcome: 'approved', ...signature(access), ...approved, ...(note && { note }) };
    return { review, partner: approved.partner, detail: approved };
  });
}

/**
 * Denies a request for good. A guest account that earlier work has made stays in the directory, with the groups and roles that it
 * had got by then: denying takes nothing away.
 *
 * @param decision `reason` is shown to the partner, `note` never
 * @throws {PublicError} {ReviewConflict} as {@link approve} does
 */
export async function deny(
  deps: Deps,
  access: Access,
  id: string,
  { version, reason, note }: Seen & { reason: string; note?: string },
): Promise<void> {
  await settle(deps, access, id, 'deny', version, ({ guest_id }) => ({
    review: { outcome: 'denied', ...signature(access), reason, ...(note && { note }) },
    detail: { guestId: guest_id },
  }));
}

/** Puts a request that has stopped back to work: what is done stays done, and what is not begins anew. */
export async function retry(deps: Deps, access: Access, id: string, { version }: Seen): Promise<void> {
  await settle(deps, access, id, 'retry', version, ({ state, problem }) => ({
    detail: { from: state, problem: problem?.code ?? null },
  }));
}

/**
 * Stops a request until somebody approves, denies or retries it. Not while a worker has it in hands: what that does to
 * the directory could not be called back, so the person is told to look again.
 */
export async function hold(
  deps: Deps,
  access: Access,
  id: string,
  { version, note }: Seen & { note?: string },
): Promise<void> {
  await settle(deps, access, id, 'hold', version, ({ state }) => ({
    problem: { code: 'heldByReviewer', ...(note && { detail: note }) },
    detail: { from: state },
  }));
}

/**
 * Queues one more invitation mail, also when the partner has used up theirs.
 *
 * @returns whether it is queued, and if not, why
 */
export async function resendAsAdmin(
  deps: Deps,
  access: Access,
  id: string,
  { version }: Seen,
): Promise<ResendPermission> {
  const request = await findDecidable(deps, access, id);
  if (request.version !== version) throw new ReviewConflict('changed', request);
  const steps = await findSteps(deps.store.db, id);
  return resend(deps, request, steps, { actor: personKey(access.person), most: Infinity });
}

/**
 * A request that this person may decide on.
 *
 * @throws {PublicError} `notFound` when they may not even see it, `forbidden`, or `ownRequest`: nobody decides their own
 */
async function findDecidable(deps: Deps, access: Access, id: string): Promise<RequestRow> {
  const request = await findReadable(deps, access, id);
  // The policy may have given the address to another partner since the request came.
  const today = decisionNow(deps.policy.current().policy, request).partner ?? request.partner;
  const theirs = covers(access.decides, request.partner) && covers(access.decides, today);
  const refused = theirs ? isOwnRequest(access.person, request) && ownRequest() : forbidden();
  if (!refused) return request;
  deps.log.warn({ requestId: id, person: personKey(access.person), refused: refused.id }, 'decision refused');
  throw refused;
}

/** @throws {PublicError} `notFound` for a request that there is not, or that is not for this person to see */
export async function findReadable(
  { store }: Pick<Deps, 'store'>,
  { reads, decides }: Access,
  id: string,
): Promise<RequestRow> {
  const request = isRequestId(id) ? await findRequest(store.db, id) : undefined;
  if (!request || !(covers(reads, request.partner) || covers(decides, request.partner))) throw notFound();
  return request;
}

/** Takes one decision: request, steps and audit event in one transaction, fenced by the version that the person saw. */
async function settle(
  deps: Deps,
  access: Access,
  id: string,
  action: ReviewAction,
  version: number,
  outcomeFor: (request: RequestRow) => Outcome,
): Promise<void> {
  const { db } = deps.store;
  const { from, to, event } = ACTION_TABLE[action];
  const request = await findDecidable(deps, access, id);
  const conflict = conflictOf(request, action, version);
  if (conflict) throw conflict;
  assertTransition(request.state, to);
  const { detail, problem = null, ...rest } = outcomeFor(request);
  const settlement = { state: to, problem, due: to === 'queued', trace: traceparent(), ...rest };
  const settled = await db.transaction().execute(async (trx) => {
    if (!(await settleRequest(trx, { id, version, from }, settlement))) return false;
    if (to === 'queued') await reopenSteps(trx, id);
    if (to === 'denied') {
      // Nobody has shown that the address is theirs: whoever reads that mailbox may know nothing of it.
      if (request.state !== 'unproven') await queueNotice(trx, 'denied', id);
      await deleteUnbegunSteps(trx, id);
      await failOpenSteps(trx, id, { code: 'deniedByReviewer' });
    }
    const actor = personKey(access.person);
    await insertAuditEvent(trx, { requestId: id, actor, action: event, detail: { version, ...detail } });
    return true;
  });
  if (!settled) throw await lateConflict(deps, id, action, version);
  if (to === 'denied') deps.telemetry.figures.requestEnded(to);
  deps.bell.announce();
  deps.log.info({ requestId: id, action, person: personKey(access.person) }, 'request decided');
}

/** Who was faster: another person, or a worker that has begun. */
async function lateConflict({ store }: Deps, id: string, action: ReviewAction, version: number) {
  const now = await findRequest(store.db, id);
  if (!now) return notFound();
  return conflictOf(now, action, version) ?? new ReviewConflict('underway', now);
}

function signature({ person }: Access): Pick<Review, 'by' | 'at'> {
  return { by: personKey(person), at: new Date().toISOString() };
}
