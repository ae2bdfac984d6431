import { covers, type Access } from '../../access/access.js';
import { concurrently } from '../../concurrently.js';
import type { Deps } from '../../deps.js';
import { PublicError } from '../../errors.js';
import { findRequests } from '../../store/requests.js';
import type { RequestRow } from '../../store/schema.js';
import { isRequestId } from '../requestId.js';
import { approve, deny, hold, retry } from './review.js';

/** One decision for many requests; `reason` is shown to the partners, `note` never. */
export type SharedDecision =
  | { action: 'approve'; note?: string }
  | { action: 'deny'; reason: string; note?: string }
  | { action: 'retry' }
  | { action: 'hold'; note?: string };

/** What came of one of them. `refused` is the id of the error; `request` is null for one that is not theirs to see. */
export type Settled = {
  id: string;
  request: Pick<RequestRow, 'address' | 'partner' | 'state'> | null;
  refused: string | null;
};

/** So many at once leave connections for everybody else. */
const AT_ONCE = 4;

/**
 * Takes one decision about many requests, each on its own: one that somebody else has just decided, or that is not theirs to
 * decide, keeps none of the others back. Those that are approved get what the policy says; the work is done in the background.
 *
 * @returns what came of each, in the order given; a request that is named twice is decided once, as it was named first
 */
export async function decideSeveral(
  deps: Deps,
  access: Access,
  named: { id: string; version: number }[],
  decision: SharedDecision,
): Promise<Settled[]> {
  const versions = new Map(named.toReversed().map(({ id, version }) => [id, version]));
  const ids = new Set(named.map(({ id }) => id));
  const refused = new Map<string, string | null>([...ids].map((id) => [id, null]));
  await concurrently(ids, AT_ONCE, async (id) => {
    refused.set(id, await decideOne(deps, access, id, versions.get(id) ?? 0, decision));
  });
  const rows = await findRequests(deps.store.db, [...refused.keys()].filter(isRequestId));
  const visible = new Map(
    rows.filter(({ partner }) => covers(access.reads, partner)).map((row) => [row.id, row]),
  );
  return [...refused].map(([id, why]) => ({ id, request: visible.get(id) ?? null, refused: why }));
}

/** @returns null when it is done, else the id of the error */
async function decideOne(
  deps: Deps,
  access: Access,
  id: string,
  version: number,
  decision: SharedDecision,
): Promise<string | null> {
  try {
    await takeDecision(deps, access, id, version, decision);
    return null;
  } catch (error) {
    if (error instanceof PublicError && error.status < 500) return error.id;
    throw error;
  }
}

function takeDecision(deps: Deps, access: Access, id: string, version: number, decision: SharedDecision) {
  switch (decision.action) {
    case 'approve':
      return approve(deps, access, id, { version, ...noteOf(decision) });
    case 'deny':
      return deny(deps, access, id, { version, reason: decision.reason, ...noteOf(decision) });
    case 'retry':
      return retry(deps, access, id, { version });
    case 'hold':
      return hold(deps, access, id, { version, ...noteOf(decision) });
  }
}

function noteOf({ note }: { note?: string }): { note?: string } {
  return note === undefined ? {} : { note };
}
