import type { NoticeRow, RequestRow, StepRow, SubmissionRow } from '../../store/schema.js';
import { isForOwner, meaningOf } from '../problems.js';
import { mayResendForOthers, type MailWindow } from '../resend/resend.js';
import { isDeniedByReviewer, reasonOf, reviewSteps, turnOf } from './ownerStatus.js';
import type { ShownState, Status, StatusStep } from './status.js';

type Seen = {
  request: RequestRow;
  /** The viewer's own: the page shows no time before it. */
  submission: SubmissionRow;
  steps: StepRow[];
  /** The mail that tells the owner why there is no invitation, if there is one. */
  answer: Pick<NoticeRow, 'state' | 'problem' | 'attempts'> | undefined;
};

/**
 * A request as everybody but the owner of its mailbox sees it: the same whether or not the directory has the address, or has
 * blocked it. `answered` only if a mail has gone, or if only Microsoft could send one.
 */
export function publicStatus(seen: Seen, limits: MailWindow): Omit<Status, 'proof' | 'reference'> {
  const { request, submission } = seen;
  const status = shownState(seen);
  const ownTime = (at: Date) => (at > submission.created_at ? at : submission.created_at);
  const answeredAt = status === 'answered' ? ownTime(answeredTime(seen)) : null;
  const steps: StatusStep[] = [
    { name: 'received', status: 'done', at: submission.created_at },
    ...reviewSteps(request).map((step) => ({ ...step, at: step.at && ownTime(step.at) })),
    ...answerSteps(status, answeredAt),
  ];
  const changedAt = CHANGED_BY_THEMSELVES.has(status) ? null : ownTime(request.updated_at);
  const moments = [changedAt, ...steps.map(({ at }) => at), submission.resent_at];
  return {
    address: request.address,
    status,
    anonymised: false,
    reason: status === 'denied' || status === 'pending' ? reasonOf(request) : null,
    until: turnOf(request),
    undeliverable: status === 'delayed' && isUndeliverable(seen),
    words: isDeniedByReviewer(request) ? (request.review?.reason ?? null) : null,
    apps: [],
    toAccept: false,
    steps,
    moving: isMoving(status, seen),
    resend: answeredAt
      ? mayResendForOthers(submission, answeredAt, limits)
      : { allowed: false, why: 'notMailed' },
    updatedAt: new Date(Math.max(...moments.map((at) => at?.getTime() ?? 0))),
  };
}

const MOVING = new Set<ShownState>(['unproven', 'pending', 'queued']);

/** While nothing is wrong, a repeated mail does not show. When it is delayed, work on the request or the mail does. */
function isMoving(status: ShownState, { request, answer }: Seen): boolean {
  if (MOVING.has(status) || request.state === 'queued') return true;
  if (status !== 'delayed') return false;
  return request.due_at !== null || answer?.state === 'waiting' || answer?.state === 'sending';
}

/** States whose steps show already when they began. */
const CHANGED_BY_THEMSELVES = new Set<ShownState>(['unproven', 'queued', 'answered']);

function shownState(seen: Seen): ShownState {
  const { state, problem } = seen.request;
  if (isForOwner(seen.request)) return stateOfAnswer(seen);
  if (state === 'provisioned' || state === 'queued') {
    const usual = state === 'queued' ? 'queued' : 'answered';
    if (!problem) return usual;
    const { others } = meaningOf(problem.code);
    return others === 'delayed' || others === 'answered' ? others : usual;
  }
  return state === 'held' || state === 'failed' ? 'delayed' : state;
}

function stateOfAnswer({ answer }: Seen): ShownState {
  if (!answer) return 'answered';
  const { state, problem, attempts } = answer;
  if (state === 'failed') return 'delayed';
  if (state !== 'waiting' && state !== 'sending') return 'answered';
  if (problem) return 'delayed';
  // A second attempt means that a first mail has gone.
  return attempts > (state === 'sending' ? 1 : 0) ? 'answered' : 'queued';
}

function isUndeliverable({ request, answer }: Seen): boolean {
  return request.problem?.code === 'mailRefused' || answer?.problem?.code === 'mailRefused';
}

/** When the work ended, without later resends. */
function answeredTime({ request, steps }: Seen): Date {
  const ends = steps.flatMap(({ key, finished_at }) =>
    key.startsWith('resend:') ? [] : (finished_at ?? []),
  );
  return ends.length > 0 ? new Date(Math.max(...ends.map((at) => at.getTime()))) : request.updated_at;
}

const ANSWER: Partial<Record<ShownState, StatusStep['status']>> = {
  unproven: 'waiting',
  pending: 'waiting',
  queued: 'running',
  delayed: 'running',
  answered: 'done',
};

function answerSteps(status: ShownState, at: Date | null): StatusStep[] {
  const answer = ANSWER[status];
  return answer ? [{ name: 'answer', status: answer, at }] : [];
}
