import type { Deps } from '../../deps.js';
import type { Limits } from '../../limits.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { makeDue } from '../../store/leases.js';
import type { Db, RequestRow, StepRow, SubmissionRow } from '../../store/schema.js';
import { insertStep } from '../../store/steps.js';
import { traceparent } from '../../activeSpan.js';

/** Whether the invitation may be mailed again, and if not, why. */
export type ResendPermission =
  | { allowed: true }
  | { allowed: false; why: 'notMailed' | 'underway' | 'used' }
  | { allowed: false; why: 'tooSoon'; waitSeconds: number };

/** The least time between two mails of a request. */
export type MailWindow = Pick<Limits, 'mailWindowSeconds'>;

export const MOST_RESENDS = 3;
/** After every step of any policy. */
export const RESEND_POSITION = 10_000;

/** Whether the owner may request a resend. Mails take time, so there is a wait. `most` is the limit of resends in all. */
export function mayResend(
  request: RequestRow,
  steps: StepRow[],
  { mailWindowSeconds }: MailWindow,
  most = MOST_RESENDS,
): ResendPermission {
  if (request.state !== 'provisioned' || request.anonymised_at) return { allowed: false, why: 'notMailed' };
  if (request.due_at !== null) return { allowed: false, why: 'underway' };
  const mails = steps.filter(({ key }) => key === 'mail' || key.startsWith('resend:'));
  // The first mail of a run may be left for later.
  const later = mails.length === 1 && request.bulk?.mail === false;
  if (mails.at(-1)?.detail.mailedBy === 'nobody' && !later) return { allowed: false, why: 'notMailed' };
  if (mails.length > most) return { allowed: false, why: 'used' };
  return after(Math.max(...mails.map(({ finished_at }) => finished_at?.getTime() ?? 0)), mailWindowSeconds);
}

/**
 * The same for everybody but the owner. It depends only on what they have seen and requested: whether anything was mailed would
 * reveal what the directory knows.
 */
export function mayResendForOthers(
  { resends, resent_at }: Pick<SubmissionRow, 'resends' | 'resent_at'>,
  answeredAt: Date,
  { mailWindowSeconds }: MailWindow,
): ResendPermission {
  if (resends >= MOST_RESENDS) return { allowed: false, why: 'used' };
  return after(Math.max(answeredAt.getTime(), resent_at?.getTime() ?? 0), mailWindowSeconds);
}

function after(last: number, seconds: number): ResendPermission {
  const waitSeconds = Math.ceil(seconds - (Date.now() - last) / 1000);
  return waitSeconds > 0 ? { allowed: false, why: 'tooSoon', waitSeconds } : { allowed: true };
}

/**
 * Queues one more invitation mail. Two simultaneous clicks queue one.
 *
 * @param by who requests it, and the limit of resends in all
 * @returns whether it is queued
 */
export async function resend(
  deps: Deps,
  request: RequestRow,
  steps: StepRow[],
  by: { actor: string; most: number } = { actor: 'partner', most: MOST_RESENDS },
): Promise<ResendPermission> {
  const permission = mayResend(request, steps, deps.limits, by.most);
  if (!permission.allowed) return permission;
  const queued = await deps.store.db.transaction().execute(async (trx) => {
    if (!(await queueResend(trx, request.id, steps))) return false;
    await insertAuditEvent(trx, { requestId: request.id, actor: by.actor, action: 'request.resend' });
    return true;
  });
  deps.bell.announce();
  return queued ? { allowed: true } : { allowed: false, why: 'underway' };
}

/** Adds the step and makes the request due. Returns false when it has work already. */
export async function queueResend(
  trx: Db,
  requestId: string,
  steps: StepRow[],
  inSeconds = 0,
): Promise<boolean> {
  const due = { from: ['provisioned'], to: 'provisioned', inSeconds, trace: traceparent() } as const;
  if (!(await makeDue(trx, requestId, due))) return false;
  const count = steps.filter(({ key }) => key.startsWith('resend:')).length;
  await insertStep(trx, requestId, `resend:${count + 1}`, RESEND_POSITION + count);
  return true;
}
