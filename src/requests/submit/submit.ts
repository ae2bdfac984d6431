import { randomUUID } from 'node:crypto';
import type { Deps } from '../../deps.js';
import { PublicError } from '../../errors.js';
import type { Address } from '../../policy/address.js';
import { proofAskedBy } from '../../policy/afterProof.js';
import { noteAsking } from '../../store/askings.js';
import type { AuditEvent } from '../../store/auditEvents.js';
import { postpone } from '../../store/leases.js';
import { fromNow } from '../../store/fromNow.js';
import { queueNotice } from '../../store/notices.js';
import { noteProof } from '../../store/requests.js';
import type { Db, Proof, RecordedDecision, RequestRow, RequestState } from '../../store/schema.js';
import type { RequestToInsert } from '../../store/submissions.js';
import { hashToken } from '../../token.js';
import { traceparent } from '../../activeSpan.js';
import { beginMailboxProof, joinMailboxProof } from '../prove/askForMail.js';
import { currentToken, statusToken } from '../statusToken.js';
import { claimAddress, Overtaken } from './claimAddress.js';
import { judge, type Suspicion } from './judge.js';
import { STATE_AFTER } from '../transitions.js';

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

/**
 * Decides on an application and records it: the request, which is the work to do, and its audit event in one transaction.
 * An address that has an open request, or one that was provisioned just now, gets that one back and leaves nothing new.
 * Where something is to be proved first, nobody is told of such a request: the answer is the same for every address.
 * A mailbox that has had a mail just now is invited later, and the answer is the same, too.
 *
 * @returns the token of the request's status page
 * @throws {PublicError} `tooManySignUps`
 */
export async function submit(
  deps: Deps,
  application: Application,
  sender: Sender,
): Promise<{ token: string }> {
  await deps.brake.take().catch((error: unknown) => {
    if (error instanceof PublicError) deps.telemetry.figures.signUp('turnedAway');
    throw error;
  });
  let taken: Taken | null = null;
  while (taken === null) taken = await attempt(deps, application, sender);
  deps.bell.announce();
  deps.noticeBell.announce();
  const { token, outcome } = taken;
  deps.telemetry.figures.signUp(outcome);
  if (outcome === 'denied') deps.telemetry.figures.requestEnded(outcome);
  return { token };
}

type Taken = { token: string; outcome: RequestState | 'repeated' };

/** Returns null when it is to be tried again. */
async function attempt(deps: Deps, application: Application, sender: Sender): Promise<Taken | null> {
  const { policy, hash } = deps.policy.current();
  const { address } = application;
  const { proof } = sender;
  return deps.store.db
    .transaction()
    .execute(async (trx) => {
      const applicant = { address, ...(proof && { proven: proof.kind }) };
      const decision = await judge(trx, policy, applicant, sender.suspicions);
      const request = toRequest(deps, application, decision, hash, sender);
      // Nobody has shown that they read the mailbox, and nobody will be asked: the invitation is the first that it hears of it.
      const mails = request.state === 'queued' && !proof ? deps.limits : null;
      const claim = await claimAddress(trx, request, submissionOf(request), mails);
      if (claim.standing) {
        if (!(await noteAsking(trx, claim.standing.id))) throw new Overtaken();
        await joinMailboxProof(deps, trx, claim.standing, sender.browser);
        if (proof) await noteProof(trx, claim.standing.id, proof);
        return { token: await currentToken(deps, trx, claim.standing), outcome: 'repeated' as const };
      }
      await begin(deps, trx, request, decision, sender, claim.waitSeconds);
      return { token: statusToken(deps.config.secrets[0], request.id), outcome: request.state };
    })
    .catch((error: unknown) => {
      if (error instanceof Overtaken) return null;
      throw error;
    });
}

/** What follows from a request's first state. */
async function begin(
  deps: Deps,
  trx: Db,
  { id, address, state }: Pick<RequestRow, 'id' | 'address' | 'state'>,
  decision: RecordedDecision,
  { browser }: Sender,
  waitSeconds: number,
): Promise<void> {
  if (state === 'pending') await queueNotice(trx, 'waiting', id);
  if (state === 'queued' && waitSeconds > 0) await postpone(trx, id, waitSeconds);
  if (proofAskedBy(decision) === 'mailbox') await beginMailboxProof(deps, trx, { id, address }, browser);
}

function toRequest(
  deps: Deps,
  application: Application,
  decision: RecordedDecision,
  policyHash: string,
  { browser, proof }: Sender,
): RequestToInsert & { id: string } {
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
    browser_hash: browser,
    due_at: state === 'queued' ? fromNow(0) : null,
    trace: traceparent(),
  };
}

function submissionOf({
  state,
  partner,
  policy_hash,
  terms_hash,
}: RequestToInsert): Omit<AuditEvent, 'requestId'> {
  return {
    actor: 'partner',
    action: 'request.submitted',
    detail: { state, partner, policy: policy_hash, acceptedTerms: terms_hash },
  };
}
