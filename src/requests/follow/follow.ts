import type { Deps } from '../../deps.js';
import { notFound } from '../../errors.js';
import { referenceOf } from '../../reference.js';
import { findAnswer } from '../../store/notices.js';
import type { RequestRow, SubmissionRow } from '../../store/schema.js';
import { findSteps } from '../../store/steps.js';
import { findSubmission } from '../../store/submissions.js';
import { hashToken, isToken } from '../../token.js';
import { awaitedProof, isShownIn } from '../prove/awaitedProof.js';
import { ownerStatus } from './ownerStatus.js';
import { publicStatus } from './publicStatus.js';
import type { Status } from './status.js';

export type Followed = { submission: SubmissionRow; request: RequestRow };

/** @throws {PublicError} `notFound` for a token that no submission has */
export async function findByToken({ store }: Pick<Deps, 'store'>, token: string): Promise<Followed> {
  const found = isToken(token) ? await findSubmission(store.db, hashToken(token)) : undefined;
  if (!found) throw notFound();
  return found;
}

/**
 * Whether the viewer is the owner of the mailbox: they followed a link that was mailed to it, or gave the proof in this browser.
 * The owner sees everything. Everybody else, even in the browser that sent the form, sees what the policy, approvers and the
 * portal did, and never what the directory says about the address.
 *
 * @param browser the viewer's; null for one without a key. See `http/browserKey.ts`.
 */
export function isOwner({ submission, request }: Followed, browser: Buffer | null): boolean {
  return submission.by_mail || (browser !== null && isShownIn(request.proof, browser));
}

/** The status of a request for one viewer. @throws {PublicError} `notFound` */
export async function follow(deps: Deps, token: string, browser: Buffer | null): Promise<Status> {
  const followed = await findByToken(deps, token);
  const { request } = followed;
  const status = isOwner(followed, browser)
    ? ownerStatus(request, await findSteps(deps.store.db, request.id), deps.limits)
    : await statusForOthers(deps, followed);
  const reference = referenceOf(followed.submission.by_mail ? request.token_hash : hashToken(token));
  if (request.anonymised_at) return { ...anonymised(status), reference };
  return { ...status, reference, proof: await awaitedProof(deps, request, browser) };
}

export async function statusForOthers(
  { store: { db }, limits }: Deps,
  { submission, request }: Followed,
): Promise<Omit<Status, 'proof' | 'reference'>> {
  const steps = await findSteps(db, request.id);
  return publicStatus({ request, submission, steps, answer: await findAnswer(db, request.id) }, limits);
}

function anonymised({ status, updatedAt }: Omit<Status, 'proof' | 'reference'>): Omit<Status, 'reference'> {
  return {
    address: '',
    status,
    anonymised: true,
    reason: null,
    until: null,
    undeliverable: false,
    words: null,
    apps: [],
    toAccept: false,
    steps: [],
    moving: false,
    resend: { allowed: false, why: 'notMailed' },
    proof: null,
    updatedAt,
  };
}
