import { personKey, type Access } from '../../access/access.js';
import type { Deps } from '../../deps.js';
import { conflict, notRestorable, restoreForbidden } from '../../errors.js';
import { GraphFault } from '../../graph/graphFault.js';
import { findDeletedUser, restoreUser } from '../../graph/users.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import type { RequestRow } from '../../store/schema.js';
import { decide, findReadable } from './decide.js';

/** Whether a request stands still because of an account that was deleted, which may be brought back. */
export function mayRestore({ state, problem }: Pick<RequestRow, 'state' | 'problem'>): boolean {
  return state === 'held' && (problem?.code === 'guestGone' || problem?.code === 'hiddenAccount');
}

/** People wait for it. */
const LONGEST_MS = 10_000;

/**
 * Brings the deleted account of a request's address back, with the memberships that it had, and queues the request again. Entra
 * keeps deleted accounts for 30 days.
 *
 * @throws {PublicError} `notRestorable` where there is no such account, `restoreForbidden` without the permission, and what
 *   {@link decide} throws
 */
export async function restoreGuest(
  deps: Deps,
  access: Access,
  id: string,
  { version }: { version: number },
): Promise<void> {
  const request = await findReadable(deps, access, id);
  if (!mayRestore(request) || request.version !== version) throw conflict();
  const signal = AbortSignal.timeout(LONGEST_MS);
  const restored = await restoreAccount(deps, request.address, signal);
  await insertAuditEvent(deps.store.db, {
    requestId: id,
    actor: personKey(access.person),
    action: 'request.guestRestored',
    detail: { guestId: restored },
  });
  await decide(deps, access, id, { action: 'retry', version });
}

async function restoreAccount({ graph }: Deps, address: string, signal: AbortSignal): Promise<string> {
  if (!(await graph.isPermitted('restore', signal))) throw restoreForbidden();
  const deleted = await findDeletedUser(graph, address, signal);
  if (!deleted) throw notRestorable();
  try {
    await restoreUser(graph, deleted.id, signal);
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    if (error.kind === 'forbidden') throw restoreForbidden();
    // Its address may belong to a newer account by now.
    if (error.kind === 'rejected' || error.kind === 'notFound') throw notRestorable();
    throw error;
  }
  return deleted.id;
}
