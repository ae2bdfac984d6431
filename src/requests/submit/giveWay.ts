import { insertAuditEvent } from '../../store/auditEvents.js';
import type { Db, RequestRow } from '../../store/schema.js';
import { supersede } from '../../store/submissions.js';
import { endedForOwnerOnly } from '../follow/ownersOnly.js';
import { assertTransition } from '../transitions.js';

/**
 * Lets a request that is stuck for what the directory knows of its address lapse in favour of a new one, which will be stuck in
 * its place: one of an unknown address would be over by now, and would stand in nobody's way. Not so one whose owner has
 * shown that the mailbox is theirs, and follows it.
 *
 * @param afterSeconds how long any request stands in the way of the next
 * @returns whether it does
 */
export async function giveWay(trx: Db, standing: RequestRow, afterSeconds: number): Promise<boolean> {
  const { id, state, proof, updated_at } = standing;
  if (state === 'denied' || proof !== null || !endedForOwnerOnly(standing)) return false;
  if (Date.now() - updated_at.getTime() < afterSeconds * 1000) return false;
  assertTransition(state, 'lapsed');
  if (!(await supersede(trx, id, [state]))) return false;
  await insertAuditEvent(trx, {
    requestId: id,
    actor: 'portal',
    action: 'request.lapsed',
    detail: { problem: 'superseded' },
  });
  return true;
}
