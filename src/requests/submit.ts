import { randomUUID } from 'node:crypto';
import type { Deps } from '../deps.js';
import { INTERACTIVE } from '../jobs/queue.js';
import type { Address } from '../policy/address.js';
import type { AuditEvent } from '../store/auditEvents.js';
import { insertChallenge } from '../store/challenges.js';
import { queueNotice } from '../store/notices.js';
import { findStandingRequest, insertRequest, noteProof, replaceToken } from '../store/requests.js';
import type { Db, NewRequest, Proof, RecordedDecision, RequestRow, RequestState } from '../store/schema.js';
import { judge, type Suspicion } from './judge.js';
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

/** How it came in. */
export type Sender = {
  /** SHA-256 of the key of the browser that sent the form; see `http/browserKey.ts`. */
  browser: Buffer;
  suspicions: readonly Suspicion[];
  /** What the person had shown before they filled in the form. */
  proof?: Proof;
};

export const STATE_AFTER: Record<RecordedDecision['outcome'], RequestState> = {
  invite: 'queued',
  review: 'pending',
  prove: 'unproven',
  deny: 'denied',
};

/**
 * A mailbox gets at most one invitation in this time, whatever is posted: whoever asks again is shown the request
 * that has just been provisioned.
 */
export const MAILBOX_WINDOW_SECONDS = 15 * 60;

/**
 * Decides on an application and records it: the request, its audit event and its job in one transaction.
 * An address that has an open request, or one that was provisioned just now, gets that one back and leaves nothing new.
 * Where something is to be proved first, nobody is told of such a request: the answer is the same for every address.
 *
 * @returns the token of the request's status page
 */
export async function submit(
  deps: Deps,
  application: Application,
  sender: Sender,
): Promise<{ token: string }> {
  const { policy, hash } = deps.policy.current();
  const { address } = application;
  const { proof } = sender;
  const token = await deps.store.db.transaction().execute(async (trx) => {
    const applicant = { address, ...(proof && { proven: proof.kind }) };
    const decision = await judge(trx, policy, applicant, sender.suspicions);
    const request = toRequest(deps, application, decision, hash, proof);
    if (await insertRequest(trx, request, submissionOf(request), MAILBOX_WINDOW_SECONDS)) {
      await begin(deps, trx, request, decision, sender);
      return statusToken(deps.config.secrets[0], request.id);
    }
    const standing = await findStandingRequest(trx, request, MAILBOX_WINDOW_SECONDS);
    if (!standing) return null;
    if (proof) await noteProof(trx, standing.id, proof);
    return tokenOfStanding(deps, trx, standing);
  });
  // The standing request was settled between the two statements: its address is free again.
  if (token === null) return submit(deps, application, sender);
  deps.queue.announce();
  return { token };
}

/** What follows from a request's first state. */
async function begin(
  deps: Deps,
  trx: Db,
  { id, state }: Pick<RequestRow, 'id' | 'state'>,
  { reasons }: RecordedDecision,
  { browser }: Sender,
): Promise<void> {
  if (state === 'pending') await queueNotice(trx, 'waiting', id);
  if (state === 'queued') await deps.queue.send(trx, id, { priority: INTERACTIVE });
  if (state === 'unproven' && reasons.some(({ code }) => code === 'proof.mailbox')) {
    await insertChallenge(trx, id, browser);
    await queueNotice(trx, 'proof', id);
  }
}

function toRequest(
  deps: Deps,
  application: Application,
  decision: RecordedDecision,
  policyHash: string,
  proof: Proof | undefined,
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
    proof: proof ? JSON.stringify(proof) : null,
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

/** The token of a request that stands in the way of a new one. */
export async function tokenOfStanding(deps: Deps, trx: Db, standing: RequestRow): Promise<string> {
  const token = tokenOf(deps.config.secrets, standing);
  if (token !== null) return token;
  // Its token came from a secret that is gone; the page moves to one that can be computed.
  const renewed = statusToken(deps.config.secrets[0], standing.id);
  await replaceToken(trx, standing.id, hashToken(renewed));
  return renewed;
}
