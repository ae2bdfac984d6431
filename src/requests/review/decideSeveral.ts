import { covers, type Access } from '../../access/access.js';
import { concurrently } from '../../concurrently.js';
import type { Deps } from '../../deps.js';
import { PublicError } from '../../errors.js';
import { findRequests } from '../../store/requests.js';
import type { RequestRow } from '../../store/schema.js';
import { decide, type ReviewDecision } from './decide.js';

/** What came of one request. `refused` is the id of the error; `request` is null where the person may not see it. */
export type Decided = {
  id: string;
  request: Pick<RequestRow, 'address' | 'partner' | 'state'> | null;
  refused: string | null;
};

/** The pool of connections serves others meanwhile. */
const AT_ONCE = 4;

/**
 * Takes one decision about many requests, each on its own: one that somebody else has just decided, or that this person may
 * not decide, does not keep back the others.
 *
 * @param named by GUIDs in lower case
 * @returns what came of each, in the order given; of a request that is named twice the first version counts
 */
export async function decideSeveral(
  deps: Deps,
  access: Access,
  named: { id: string; version: number }[],
  decision: ReviewDecision,
): Promise<Decided[]> {
  const versions = new Map(named.toReversed().map(({ id, version }) => [id, version]));
  const ids = new Set(named.map(({ id }) => id));
  const refused = new Map<string, string | null>([...ids].map((id) => [id, null]));
  await concurrently(ids, AT_ONCE, async (id) => {
    const version = versions.get(id) ?? 0;
    refused.set(id, await refusalOf(decide(deps, access, id, { ...decision, version })));
  });
  const rows = await findRequests(deps.store.db, [...ids]);
  const visible = new Map(
    rows.filter(({ partner }) => covers(access.reads, partner)).map((row) => [row.id, row]),
  );
  return [...refused].map(([id, why]) => ({ id, request: visible.get(id) ?? null, refused: why }));
}

/** @returns null when it is done, else the id of the error */
async function refusalOf(decided: Promise<void>): Promise<string | null> {
  try {
    await decided;
    return null;
  } catch (error) {
    if (error instanceof PublicError && error.status < 500) return error.id;
    throw error;
  }
}
