import type { Deps } from '../deps.js';
import { INTERACTIVE } from '../jobs/queue.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import { makeDue } from '../store/requests.js';
import type { RequestRow, StepRow } from '../store/schema.js';
import { insertSteps } from '../store/steps.js';

/** Whether the invitation mail may be asked for again, and if not, why. */
export type ResendPermission =
  | { allowed: true }
  | { allowed: false; why: 'notMailed' | 'underway' | 'used' }
  | { allowed: false; why: 'tooSoon'; waitSeconds: number };

const WAIT_SECONDS = 5 * 60;
const MOST_RESENDS = 3;
/** After every step that a policy can ask for. */
const RESEND_POSITION = 10_000;

/** A mail takes its time; asking again within minutes only fills a mailbox. `most` is how often it may be sent again in all. */
export function mayResend(request: RequestRow, steps: StepRow[], most = MOST_RESENDS): ResendPermission {
  if (request.state !== 'provisioned') return { allowed: false, why: 'notMailed' };
  if (request.due_at !== null) return { allowed: false, why: 'underway' };
  const mails = steps.filter(({ key }) => key === 'mail' || key.startsWith('resend:'));
  if (mails.at(-1)?.detail.mailedBy === 'nobody') return { allowed: false, why: 'notMailed' };
  if (mails.length > most) return { allowed: false, why: 'used' };
  const last = Math.max(...mails.map(({ finished_at }) => finished_at?.getTime() ?? 0));
  const waitSeconds = Math.ceil(WAIT_SECONDS - (Date.now() - last) / 1000);
  return waitSeconds > 0 ? { allowed: false, why: 'tooSoon', waitSeconds } : { allowed: true };
}

/**
 * Queues one more invitation mail. Two clicks at once queue one.
 *
 * @param by who asks, and how often the mail may be sent again in all
 * @returns whether it is queued
 */
export async function resend(
  deps: Deps,
  request: RequestRow,
  steps: StepRow[],
  by: { actor: string; most: number } = { actor: 'partner', most: MOST_RESENDS },
): Promise<ResendPermission> {
  const permission = mayResend(request, steps, by.most);
  if (!permission.allowed) return permission;
  const count = steps.filter(({ key }) => key.startsWith('resend:')).length;
  const queued = await deps.store.db.transaction().execute(async (trx) => {
    if (!(await makeDue(trx, request.id, ['provisioned'], 'provisioned'))) return false;
    await insertSteps(trx, request.id, [{ key: `resend:${count + 1}`, position: RESEND_POSITION + count }]);
    await insertAuditEvent(trx, { requestId: request.id, actor: by.actor, action: 'request.resend' });
    await deps.queue.send(trx, request.id, { priority: INTERACTIVE });
    return true;
  });
  deps.queue.announce();
  return queued ? { allowed: true } : { allowed: false, why: 'underway' };
}
