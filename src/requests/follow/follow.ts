import type { Deps } from '../../deps.js';
import { notFound } from '../../errors.js';
import { findResends } from '../../store/askings.js';
import { findRequestByToken } from '../../store/requests.js';
import type { RequestRow, StepRow } from '../../store/schema.js';
import { findSteps } from '../../store/steps.js';
import { hashToken, isToken } from '../../token.js';
import { findSuccessor } from '../../store/submissions.js';
import { anonymisedStatus } from './anonymisedStatus.js';
import type { PublicStatus } from './publicStatus.js';
import { replay, type ShownAt } from './replay.js';
import { veiledStatus } from './veiledStatus.js';
import { viewerOf, type Viewer } from './viewer.js';
import { wholeStatus } from './wholeStatus.js';
import { awaitedProof } from '../prove/awaitedProof.js';

export type { PublicStatus, PublicStep } from './publicStatus.js';

/** @throws {PublicError} `notFound` for a token that no request has */
export async function findByToken({ store }: Pick<Deps, 'store'>, token: string): Promise<RequestRow> {
  const request = isToken(token) && (await findRequestByToken(store.db, hashToken(token)));
  if (!request) throw notFound();
  return request;
}

/**
 * What a viewer may know of a request. What the directory knows of an address is for those alone who have shown that its
 * mailbox is theirs; see `following/ownersOnly.ts`.
 *
 * @param browser of the viewer, as far as it is known; see `http/browserKey.ts`
 */
export async function follow(deps: Deps, token: string, browser: Buffer | null): Promise<PublicStatus> {
  const request = await findByToken(deps, token);
  const steps = await findSteps(deps.store.db, request.id);
  if (request.anonymised_at) return anonymisedStatus(await statusForOthers(deps, request, steps, 'stranger'));
  const viewer = viewerOf(request, browser);
  const proof = await awaitedProof(deps, request, browser);
  if (viewer === 'owner') return { ...wholeStatus(request, steps, deps.limits), proof };
  return { ...(await statusForOthers(deps, request, steps, viewer)), proof };
}

/** {@link veiledStatus} of a request, or of the one that it has given way to. */
export async function statusForOthers(
  deps: Deps,
  request: RequestRow,
  steps: StepRow[],
  viewer: Viewer,
): Promise<Omit<PublicStatus, 'proof'>> {
  const { db } = deps.store;
  const { state, problem, created_at, proof } = request;
  const veilFor = async ({ id }: RequestRow, shownAt: ShownAt) => ({
    viewer,
    shownAt,
    resends: await findResends(db, id, viewer === 'stranger' ? request.asked_at : null),
    mailWindowSeconds: deps.limits.mailWindowSeconds,
  });
  if (state !== 'lapsed' || problem?.code !== 'superseded') {
    return veiledStatus(request, steps, await veilFor(request, replay(request, viewer)));
  }
  // That there was another request is not to be told either: this page goes on as that one would have from here.
  const successor = proof && (await findSuccessor(db, request));
  if (!successor) {
    const ended: RequestRow = { ...request, state: 'provisioned' };
    return veiledStatus(ended, steps, await veilFor(request, replay(request, viewer)));
  }
  const since = replay({ created_at: successor.created_at, asked_at: new Date(proof.at) }, 'stranger');
  const shown = veiledStatus(
    { ...successor, created_at },
    await findSteps(db, successor.id),
    await veilFor(request, (at) => (at === created_at ? replay(request, viewer)(at) : since(at))),
  );
  return { ...shown, words: null };
}
