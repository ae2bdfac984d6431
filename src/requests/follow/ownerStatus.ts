import type { RequestRow, StepRow } from '../../store/schema.js';
import { mayResend, type MailWindow } from '../resend/resend.js';
import type { Status, StatusStep } from './status.js';

/** A request as the owner of its mailbox sees it: the stored state, problems of the directory, and every step. */
export function ownerStatus(
  request: RequestRow,
  steps: StepRow[],
  mails: MailWindow,
): Omit<Status, 'proof' | 'reference'> {
  const moments = steps.flatMap(({ started_at, finished_at }) => [started_at, finished_at]);
  return {
    address: request.address,
    status: request.state,
    anonymised: false,
    reason: reasonOf(request),
    until: turnOf(request),
    undeliverable: false,
    words: isDeniedByReviewer(request) ? (request.review?.reason ?? null) : null,
    apps: request.state === 'provisioned' ? appsOf(request) : [],
    toAccept: request.state === 'provisioned' && steps.some(isInvited) && !steps.some(hasAccepted),
    steps: stepsOf(request, steps),
    moving: request.due_at !== null || request.state === 'pending' || request.state === 'unproven',
    resend: mayResend(request, steps, mails),
    updatedAt: new Date(Math.max(request.updated_at.getTime(), ...moments.map((at) => at?.getTime() ?? 0))),
  };
}

const isInvited = ({ key, detail }: StepRow) => key === 'invitation' && detail.mailedBy !== 'nobody';

/** An invitation that is asked for again finds out. */
const hasAccepted = ({ detail }: StepRow) => detail.guest?.accepted === true;

/** The apps that were granted when the request was provisioned. The policy may have changed since. */
function appsOf({ decision }: Pick<RequestRow, 'decision'>): Status['apps'] {
  return decision.grants.apps.map(({ name, url }) => ({ name, url }));
}

export function isDeniedByReviewer({ state, review }: RequestRow): boolean {
  return state === 'denied' && review?.outcome === 'denied';
}

/** When the turn of a request is that waits for one. */
export function turnOf({ problem, slot_at }: RequestRow): Date | null {
  return problem?.code === 'paced' && slot_at && slot_at > new Date() ? slot_at : null;
}

export function reasonOf(request: RequestRow): string | null {
  const { state, problem, decision } = request;
  // The page says until when.
  if (problem?.code === 'paced') return null;
  if (problem) return problem.code;
  if (isDeniedByReviewer(request)) return 'deniedByReviewer';
  if (state === 'denied') return decision.reasons.at(-1)?.code ?? null;
  return null;
}

function stepsOf(request: RequestRow, steps: StepRow[]): StatusStep[] {
  const matching = (pattern: RegExp) => steps.filter(({ key }) => pattern.test(key));
  const mails = matching(/^(mail$|resend:)/);
  // A guest who has accepted already gets no mail.
  const mailed = mails.filter(({ detail }) => detail.mailedBy !== 'nobody');
  const grants = matching(/^(group|app):/);
  const all: StatusStep[] = [
    { name: 'received', status: 'done', at: request.created_at },
    ...reviewSteps(request),
    merged('invited', matching(/^(lookup|invitation)$/)),
    ...(grants.length > 0 || steps.length === 0 ? [merged('access', grants)] : []),
    // Only the latest mail counts.
    ...(mailed.length > 0 || mails.length === 0 ? [merged('mailed', mailed.slice(-1))] : []),
  ];
  return request.state === 'denied' ? all.filter(({ status }) => status !== 'waiting') : all;
}

/** The step of a review, if an approver decides. */
export function reviewSteps({ state, review }: RequestRow): StatusStep[] {
  if (state === 'pending') return [{ name: 'review', status: 'waiting', at: null }];
  return review?.outcome === 'approved' ? [{ name: 'review', status: 'done', at: new Date(review.at) }] : [];
}

/** Several steps as one: done when all are done, failed when one has failed, running when one has begun. */
function merged(name: StatusStep['name'], steps: StepRow[]): StatusStep {
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
