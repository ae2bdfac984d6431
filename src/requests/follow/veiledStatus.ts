import type { RequestRow, RequestState, StepRow } from '../../store/schema.js';
import { repeatable } from '../resend/resend.js';
import { isForEverybody, isVeiled } from './ownersOnly.js';
import type { PublicStatus, PublicStep } from './publicStatus.js';
import type { ShownAt } from './replay.js';
import type { Viewer } from './viewer.js';
import { appsOf, isDeniedByReviewer, reasonOf } from './wholeStatus.js';

export type Veil = {
  viewer: Viewer;
  shownAt: ShownAt;
  /** When this page's mail was asked for again, oldest first. */
  resends: Date[];
  /** The least time between two mails. */
  mailWindowSeconds: number;
};

/**
 * A request as anybody but the owner of its mailbox sees it: the same for an address that the directory knows, knows as
 * blocked, or does not know. What the policy, an approver or a fault of ours has brought about may be seen.
 */
export function veiledStatus(request: RequestRow, steps: StepRow[], veil: Veil): Omit<PublicStatus, 'proof'> {
  const { viewer, resends } = veil;
  const status = visibleState(request, steps, veil.shownAt);
  const handledAt = status === 'provisioned' ? veil.shownAt(endOf(request, steps)) : null;
  const reason = visibleReason(request, status);
  const received: PublicStep = { name: 'received', status: 'done', at: veil.shownAt(request.created_at) };
  const before = [received, ...reviewSteps(request, status, veil.shownAt)];
  const progress = [...before, ...handledSteps(status, handledAt)];
  return {
    address: request.address,
    status,
    headline: status === 'provisioned' ? 'handled' : status,
    reason,
    words: isDeniedByReviewer(request) && viewer === 'sender' ? (request.review?.reason ?? null) : null,
    apps: handledAt ? appsOf(request) : [],
    steps: [...before, ...stepsForMachines(request, status, handledAt, resends.at(-1) ?? handledAt)],
    progress,
    moving: ['unproven', 'pending', 'queued'].includes(status),
    resend: handledAt
      ? repeatable({ mailedAt: handledAt, resends, mailWindowSeconds: veil.mailWindowSeconds })
      : { allowed: false, why: 'notMailed' },
    updatedAt: latest([
      ...progress.map(({ at }) => at),
      ...resends,
      changedAt(request, status, reason, veil),
    ]),
  };
}

/** When the work on a request was over, without the mails that somebody asked for afterwards. */
function endOf(request: RequestRow, steps: StepRow[]): Date {
  const own = steps.filter(({ key }) => !key.startsWith('resend:'));
  return own.some(({ finished_at }) => finished_at)
    ? latest(own.map((step) => step.finished_at))
    : request.updated_at;
}

/** A state that is over as it will be seen, once what led to it has been seen. */
function visibleState(request: RequestRow, steps: StepRow[], shownAt: ShownAt): RequestState {
  const { state, review } = request;
  const veiled = isVeiled(request, steps);
  const worked = veiled || state === 'failed' || state === 'held' || state === 'queued';
  if (!worked) return state;
  const now = new Date();
  if (review?.outcome === 'approved' && shownAt(new Date(review.at)) > now) return 'pending';
  if (state === 'queued' || shownAt(endOf(request, steps)) > now) return 'queued';
  return veiled ? 'provisioned' : state;
}

/** What the directory has said is not told, also as long as it may say something else later. */
function visibleReason(request: RequestRow, status: RequestState): string | null {
  if (status === 'provisioned' || status !== request.state) return null;
  const { problem } = request;
  if (problem && status === 'queued' && !isForEverybody(problem.code)) return null;
  return reasonOf(request);
}

/** The moment of a change that no step tells of. */
function changedAt(
  { updated_at, proof, state }: RequestRow,
  status: RequestState,
  reason: string | null,
  { shownAt }: Veil,
): Date | null {
  if (reason !== null || status === 'lapsed' || status === 'revoked') return shownAt(updated_at);
  // Put on its way by the proof, or by an approver.
  return status === state && status === 'queued' && proof ? shownAt(new Date(proof.at)) : null;
}

function reviewSteps({ review }: RequestRow, status: RequestState, shownAt: ShownAt): PublicStep[] {
  if (status === 'pending') return [{ name: 'review', status: 'waiting', at: null }];
  if (review?.outcome !== 'approved') return [];
  return [{ name: 'review', status: 'done', at: shownAt(new Date(review.at)) }];
}

const HANDLED: Partial<Record<RequestState, PublicStep['status']>> = {
  unproven: 'waiting',
  pending: 'waiting',
  queued: 'running',
  provisioned: 'done',
  failed: 'failed',
  held: 'failed',
};

function handledSteps(status: RequestState, at: Date | null): PublicStep[] {
  const handled = HANDLED[status];
  return handled ? [{ name: 'handled', status: handled, at }] : [];
}

/** The same in the words of the steps, which programs know. */
function stepsForMachines(
  { decision }: RequestRow,
  status: RequestState,
  at: Date | null,
  mailedAt: Date | null,
): PublicStep[] {
  const first = HANDLED[status];
  if (!first) return [];
  const { groups, appRoles } = decision.grants;
  const later = first === 'done' ? first : 'waiting';
  const access: PublicStep = { name: 'access', status: later, at };
  return [
    { name: 'invited', status: first, at },
    ...(groups.length + appRoles.length > 0 || !at ? [access] : []),
    { name: 'mailed', status: later, at: mailedAt },
  ];
}

function latest(moments: (Date | null)[]): Date {
  return new Date(Math.max(...moments.map((at) => at?.getTime() ?? 0)));
}
