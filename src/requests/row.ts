import { joinRow } from '../store/runRequests.js';
import type { Db, RequestRow } from '../store/schema.js';
import { findSteps } from '../store/steps.js';
import { queueResend } from './resend/resend.js';

/** Whether a request is only a row of a run: nobody has asked for it, and nobody waits for it. */
export function isRow({ run_id, bulk }: Pick<RequestRow, 'run_id' | 'bulk'>): boolean {
  return run_id !== null && bulk?.joined !== true;
}

/** Gives the request of a row to a person who signs up as well: they expect a mail, now. Other requests stay as they are. */
export async function takeOverRow(trx: Db, request: RequestRow): Promise<void> {
  if (!isRow(request)) return;
  if ((await joinRow(trx, request.id)) === 'provisioned') await mailIfNobodyHas(trx, request.id);
}

/** Queues the invitation mail of a provisioned row, if the run sent none and the guest has not accepted. */
export async function mailIfNobodyHas(trx: Db, id: string): Promise<void> {
  const steps = await findSteps(trx, id);
  const detailOf = (name: string) => steps.find(({ key }) => key === name)?.detail;
  const isUnmailed =
    detailOf('mail')?.mailedBy === 'nobody' && detailOf('invitation')?.guest?.accepted === false;
  if (isUnmailed && !steps.some(({ key }) => key.startsWith('resend:'))) await queueResend(trx, id, steps);
}
