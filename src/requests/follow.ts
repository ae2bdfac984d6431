import type { Deps } from '../deps.js';
import { notFound } from '../errors.js';
import { findRequestByToken } from '../store/requests.js';
import type { RequestRow, RequestState, StepRow } from '../store/schema.js';
import { findSteps } from '../store/steps.js';
import { awaitedProof, type AwaitedProof } from './proof/awaitedProof.js';
import { mayResend, type ResendPermission } from './resend.js';
import { hashToken } from './statusToken.js';

export type PublicStep = {
  name: 'received' | 'review' | 'invited' | 'access' | 'mailed';
  status: 'waiting' | 'running' | 'done' | 'unconfirmed' | 'failed';
  at: Date | null;
};

/** What whoever holds a status page's address may know: nothing that somebody typed except the address. */
export type PublicStatus = {
  address: string;
  status: RequestState;
  /** Code of why it was refused, is stuck, or takes longer; null when all goes well. */
  reason: string | null;
  /** What a reviewer who denied it wants the person to know, in their own words. */
  words: string | null;
  apps: { name: string; url: string }[];
  steps: PublicStep[];
  /** True until nothing changes any more without somebody's doing. */
  moving: boolean;
  resend: ResendPermission;
  /** What the person is to show first; null when nothing is. */
  proof: AwaitedProof | null;
  updatedAt: Date;
};

const TOKEN = /^[\w-]{22}$/;

/** @throws {PublicError} `notFound` for a token that no request has */
export async function findByToken(
  deps: Deps,
  token: string,
): Promise<{ request: RequestRow; steps: StepRow[] }> {
  const request = TOKEN.test(token) && (await findRequestByToken(deps.store.db, hashToken(token)));
  if (!request) throw notFound();
  return { request, steps: await findSteps(deps.store.db, request.id) };
}

/** @param browser of the viewer, as far as it is known; see `http/browserKey.ts` */
export async function follow(deps: Deps, token: string, browser: Buffer | null): Promise<PublicStatus> {
  const { request, steps } = await findByToken(deps, token);
  const moments = steps.flatMap(({ started_at, finished_at }) => [started_at, finished_at]);
  return {
    address: request.address,
    status: request.state,
    reason: reasonOf(request),
    words: isDeniedByReviewer(request) ? (request.review?.reason ?? null) : null,
    apps: request.state === 'provisioned' ? appsOf(request) : [],
    steps: publicSteps(request, steps),
    moving: request.due_at !== null || request.state === 'pending',
    resend: mayResend(request, steps),
    proof: await awaitedProof(deps, request, browser),
    updatedAt: new Date(Math.max(request.updated_at.getTime(), ...moments.map((at) => at?.getTime() ?? 0))),
  };
}

/** What was given when the request was provisioned, whatever the policy says today. */
function appsOf({ decision }: RequestRow): PublicStatus['apps'] {
  return decision.grants.apps.map(({ name, url }) => ({ name, url }));
}

function isDeniedByReviewer({ state, review }: RequestRow): boolean {
  return state === 'denied' && review?.outcome === 'denied';
}

function reasonOf(request: RequestRow): string | null {
  const { state, problem, decision } = request;
  if (problem) return problem.code;
  if (isDeniedByReviewer(request)) return 'deniedByReviewer';
  if (state === 'denied') return decision.reasons.at(-1)?.code ?? null;
  return null;
}

function publicSteps(request: RequestRow, steps: StepRow[]): PublicStep[] {
  const matching = (pattern: RegExp) => steps.filter(({ key }) => pattern.test(key));
  const mails = matching(/^(mail$|resend:)/);
  // A guest who has accepted already is sent nothing, and has nothing to look out for.
  const mailed = mails.filter(({ detail }) => detail.mailedBy !== 'nobody');
  const grants = matching(/^(group|app):/);
  const all: PublicStep[] = [
    { name: 'received', status: 'done', at: request.created_at },
    ...reviewSteps(request),
    merged('invited', matching(/^(lookup|invitation)$/)),
    ...(grants.length > 0 || steps.length === 0 ? [merged('access', grants)] : []),
    // What counts is the latest mail that the person asked for.
    ...(mailed.length > 0 || mails.length === 0 ? [merged('mailed', mailed.slice(-1))] : []),
  ];
  return request.state === 'denied' ? all.filter(({ status }) => status !== 'waiting') : all;
}

/** Only where a person decides; those whom the policy lets in at once need not know of it. */
function reviewSteps({ state, review }: RequestRow): PublicStep[] {
  if (state === 'pending') return [{ name: 'review', status: 'waiting', at: null }];
  return review?.outcome === 'approved' ? [{ name: 'review', status: 'done', at: new Date(review.at) }] : [];
}

/** Several steps as the one that a person thinks of: done when all are, and as far as the one that is furthest from it. */
function merged(name: PublicStep['name'], steps: StepRow[]): PublicStep {
  const states = steps.map(({ state }) => state);
  const done = steps.length > 0 && states.every((state) => state === 'done' || state === 'unconfirmed');
  if (done) {
    const at = new Date(Math.max(...steps.map(({ finished_at }) => finished_at?.getTime() ?? 0)));
    return { name, status: states.includes('unconfirmed') ? 'unconfirmed' : 'done', at };
  }
  if (states.includes('failed')) return { name, status: 'failed', at: null };
  const begun = steps.some(({ attempts }) => attempts > 0);
  return { name, status: begun ? 'running' : 'waiting', at: null };
}
