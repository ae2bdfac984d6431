import { randomUUID } from 'node:crypto';
import type { Deps } from '../../deps.js';
import { PublicError } from '../../errors.js';
import type { Address } from '../../policy/address.js';
import { addressOf, requiredProof } from '../../policy/decide.js';
import { registrableDomain } from '../../policy/publicSuffix.js';
import { MOST_PER_HOUR } from '../../policy/schema.js';
import type { AuditEvent } from '../../store/auditEvents.js';
import { awaitMailWindow } from '../../store/leases.js';
import { noteMailed } from '../../store/mailboxes.js';
import { queueNotice, repeatAnswer } from '../../store/notices.js';
import { awaitSlot, releaseRequest, takeSlot } from '../../store/pacing.js';
import { noteProof } from '../../store/requests.js';
import { fromNow } from '../../store/fromNow.js';
import type { Db, Proof, RecordedDecision, RequestRow, RequestState } from '../../store/schema.js';
import type { RequestToInsert } from '../../store/submissions.js';
import { drawToken, hashToken } from '../../token.js';
import { traceparent } from '../../activeSpan.js';
import { beginMailboxProof, joinMailboxProof } from '../prove/mailboxProof.js';
import { openPage } from '../pageToken.js';
import { takeOverRow } from '../row.js';
import { isForOwner } from '../problems.js';
import { claimAddress, Overtaken, QUIET_SECONDS, retryOvertaken } from './claimAddress.js';
import { decideSubmission, type Suspicion } from './decideSubmission.js';
import { STATE_AFTER } from '../transitions.js';
import { nameSuspicions } from './names.js';

/** What an applicant has typed, already checked. */
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

/** The browser that sent the form. */
export type Sender = {
  /** SHA-256 of the key of the browser that sent the form; see `http/browserKey.ts`. */
  browser: Buffer;
  suspicions: readonly Suspicion[];
  /** The proof that the applicant gave before they filled in the form. */
  proof?: Proof;
};

/**
 * Decides on an application and records it: the request, which is the work to do, and its audit event in one transaction.
 * If the address has an open request, or one that ended a moment ago, the submission joins that request. The answer is the same
 * for every address, so that nobody learns whether there was one. A mailbox that got a mail a moment ago is invited later.
 *
 * @returns the token of the submission's own status page
 * @throws {PublicError} `tooManySignUps`
 */
export async function submit(
  deps: Deps,
  application: Application,
  sender: Sender,
): Promise<{ token: string }> {
  await deps.brake.take(registrableDomain(application.address.domain)).catch((error: unknown) => {
    if (error instanceof PublicError) deps.telemetry.figures.signUp('turnedAway');
    throw error;
  });
  const { token, outcome } = await retryOvertaken(deps.store.db, (trx) =>
    recordSubmission(deps, trx, application, sender),
  );
  deps.bell.announce();
  deps.noticeBell.announce();
  deps.telemetry.figures.signUp(outcome);
  if (outcome === 'denied') deps.telemetry.figures.requestEnded(outcome);
  return { token };
}

/** @throws Overtaken */
async function recordSubmission(
  deps: Deps,
  trx: Db,
  application: Application,
  sender: Sender,
): Promise<{ token: string; outcome: RequestState | 'repeated' }> {
  const { policy, hash } = deps.policy.current();
  const { proof } = sender;
  const applicant = { address: application.address, ...(proof && { proven: proof.kind }) };
  const suspicions = [...sender.suspicions, ...nameSuspicions(application)];
  const decision = await decideSubmission(trx, policy, applicant, suspicions);
  const token = drawToken();
  const request = toRequest(application, { decision, policyHash: hash, token }, sender);
  // Without a proof the invitation is the first mail that the mailbox gets.
  const mails = request.state === 'queued' && !proof ? deps.limits : null;
  const claim = await claimAddress(trx, request, submissionOf(request), mails);
  if (claim.standing) return { token: await join(deps, trx, claim.standing, sender), outcome: 'repeated' };
  await begin(deps, trx, request, { decision, sender, waitSeconds: claim.waitSeconds });
  return { token, outcome: request.state };
}

/** Adds a submission to the existing request of its address. @throws Overtaken */
async function join(deps: Deps, trx: Db, standing: RequestRow, { browser, proof }: Sender): Promise<string> {
  const token = await openPage(trx, standing.id);
  if (token === null) throw new Overtaken();
  await joinMailboxProof(deps, trx, standing, browser);
  await takeOverRow(trx, standing);
  if (proof) await noteProof(trx, standing.id, proof);
  if (proof?.kind === 'tenant') await releaseRequest(trx, standing.id);
  // The page says that an answer went to the mailbox: repeat it if that was long ago.
  if (isForOwner(standing)) {
    const repeated = await repeatAnswer(trx, standing.id, { dueAt: new Date(), quietSeconds: QUIET_SECONDS });
    if (repeated) await noteMailed(trx, standing.address);
  }
  return token;
}

/** Begins what the first state of a request needs. */
async function begin(
  deps: Deps,
  trx: Db,
  { id, address, state }: Pick<RequestRow, 'id' | 'address' | 'state'>,
  { decision, sender, waitSeconds }: { decision: RecordedDecision; sender: Sender; waitSeconds: number },
): Promise<void> {
  if (state === 'pending') await queueNotice(trx, 'waiting', id);
  const proof = requiredProof(decision);
  const causesMail = state === 'queued' ? sender.proof?.kind !== 'tenant' : proof === 'mailbox';
  const slot = causesMail ? await takeTurn(deps, trx, { id, address, partner: decision.partner }) : null;
  const turnInSeconds = slot?.waitSeconds ?? 0;
  if (turnInSeconds > 0) await awaitSlot(trx, id, Math.max(turnInSeconds, waitSeconds));
  else if (state === 'queued' && waitSeconds > 0) await awaitMailWindow(trx, id, waitSeconds);
  if (proof === 'mailbox') {
    const notBefore = turnInSeconds > 0 ? (slot?.at ?? null) : null;
    await beginMailboxProof(deps, trx, { id, address }, { browser: sender.browser, notBefore });
  }
}

/** One domain's flood must not become a flood of mails and guests: what comes beyond its hour waits for its turn. */
function takeTurn(
  { policy }: Deps,
  trx: Db,
  { id, address, partner }: Pick<RequestRow, 'id' | 'address' | 'partner'>,
): Promise<{ at: Date; waitSeconds: number }> {
  const perHour = policy.current().policy.partner(partner)?.limits.perHour ?? MOST_PER_HOUR;
  return takeSlot(trx, { id, domain: registrableDomain(addressOf({ id, address }).domain), perHour });
}

function toRequest(
  application: Application,
  { decision, policyHash, token }: { decision: RecordedDecision; policyHash: string; token: string },
  { browser, proof }: Sender,
): RequestToInsert & { id: string } {
  const state = STATE_AFTER[decision.outcome];
  return {
    id: randomUUID(),
    token_hash: hashToken(token),
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
    terms_accepted_at: application.acceptedTerms === null ? null : new Date(),
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
