import type { Deps } from '../../deps.js';
import { findRequest } from '../../store/requests.js';
import type { NoticeRow, RequestRow } from '../../store/schema.js';

/** The request of a notice while it still waits for the decision that the notice tells of; one that waits anew has a notice of its own. */
export async function findWaiting(
  { store }: Deps,
  { request_id: id, round }: NoticeRow,
): Promise<RequestRow | undefined> {
  const request = id === null ? undefined : await findRequest(store.db, id);
  return request?.state === 'pending' && request.version === round ? request : undefined;
}
