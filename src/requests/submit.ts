import { randomUUID } from 'node:crypto';
import type { Deps } from '../deps.js';
import { INTERACTIVE } from '../jobs/queue.js';
import type { Address } from '../policy/address.js';
import { decide, type Decision } from '../policy/decide.js';
import type { AuditEvent } from '../store/auditEvents.js';
import { queueNotice } from '../store/notices.js';
import { findStandingRequest, insertRequest, replaceToken } from '../store/requests.js';
import type { Db, NewRequest, RecordedDecision, RequestRow, RequestState } from '../store/schema.js';
import { exceededLimit } from './limits.js';
import { hashToken, statusToken, tokenOf } from './statusToken.js';

/** What a partner's user has filled in, already checked for form. */
export type Application = {
  address: Address;
  firstName: string;
  lastName: string;
  company: string;
  reason: string;
  language: string;
  /** SHA-256 of the terms that were accepted, as shown with the form; null where there are none. */
  acceptedTerms: string | null;
};

const STATE_AFTER: Record<Decision['outcome'], RequestState> = {
  invite: 'queued',
  review: 'pending',
  prove: 'unproven',
  deny: 'denied',
};

/**
 * A mailbox gets at most one invitation in this time, whatever is posted: whoever asks again is shown the request
 * that has just been provisioned.
 */
const MAILBOX_WINDOW_SECONDS = 15 * 60;

/**
 * Decides on an application and records it: the request, its audit event and its job in one transaction.
 * An address that has an open request, or one that was provisioned just now, gets that one back and leaves nothing new.
 *
 * @returns the token of the request's status page
 */
export async function submit(deps: Deps, application: Application): Promise<{ token: string }> {
  const { policy, hash } = deps.policy.current();
  const decision = decide(policy, { address: application.address });
  const token = await deps.store.db.transaction().execute(async (trx) => {
    const exceeded =
      decision.outcome === 'invite' ? await exceededLimit(trx, policy, decision.partner) : null;
    const request = toRequest(deps, application, exceeded ? toReview(decision, exceeded) : decision, hash);
    if (await insertRequest(trx, request, submissionOf(request), MAILBOX_WINDOW_SECONDS)) {
      if (request.state === 'pending') await queueNotice(trx, 'waiting', request.id);
      if (request.state === 'queued') await deps.queue.send(trx, request.id, { priority: INTERACTIVE });
      return statusToken(deps.config.secrets[0], request.id);
    }
    const standing = await findStandingRequest(trx, request.address, MAILBOX_WINDOW_SECONDS);
    return standing ? tokenOfStanding(deps, trx, standing) : null;
  });
  // The standing request was settled between the two statements: its address is free again.
  if (token === null) return submit(deps, application);
  deps.queue.announce();
  return { token };
}

/** Who comes after the last place is not turned away: a person decides. */
function toReview(decision: Decision, limit: 'perDay' | 'total'): RecordedDecision {
  return { ...decision, outcome: 'review', reasons: [...decision.reasons, { code: `limit.${limit}` }] };
}

function toRequest(
  deps: Deps,
  application: Application,
  decision: RecordedDecision,
  policyHash: string,
): NewRequest & { id: string } {
  const id = randomUUID();
  const state = STATE_AFTER[decision.outcome];
  const now = new Date();
  return {
    id,
    token_hash: hashToken(statusToken(deps.config.secrets[0], id)),
    address: application.address.canonical,
    first_name: application.firstName,
    last_name: application.lastName,
    company: application.company,
    reason: application.reason,
    language: application.language,
    partner: decision.partner,
    decision: JSON.stringify(decision),
    policy_hash: policyHash,
    terms_hash: application.acceptedTerms,
    terms_accepted_at: application.acceptedTerms === null ? null : now,
    state,
    due_at: state === 'queued' ? now : null,
  };
}

function submissionOf({
  state,
  partner,
  policy_hash,
  terms_hash,
}: NewRequest): Omit<AuditEvent, 'requestId'> {
  return {
    actor: 'partner',
    action: 'request.submitted',
    detail: { state, partner, policy: policy_hash, acceptedTerms: terms_hash },
  };
}

async function tokenOfStanding(deps: Deps, trx: Db, standing: RequestRow): Promise<string> {
  const token = tokenOf(deps.config.secrets, standing);
  if (token !== null) return token;
  // Its token came from a secret that is gone; the page moves to one that can be computed.
  const renewed = statusToken(deps.config.secrets[0], standing.id);
  await replaceToken(trx, standing.id, hashToken(renewed));
  return renewed;
}
