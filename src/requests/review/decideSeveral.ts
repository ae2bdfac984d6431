import { covers, type Access } from '../../access/access.js';
import { concurrently } from '../../concurrently.js';
import type { Deps } from '../../deps.js';
import { PublicError } from '../../errors.js';
import { findRequests } from '../../store/requests.js';
import type { RequestRow } from '../../store/schema.js';
import { checkDecision, decide, type ReviewDecision } from './decide.js';

/** The result for one request. `refused` is the id of the error; `request` is null if the person may not see it. */
export type Decided = {
  id: string;
  request: RequestRow | null;
  refused: string | null;
};

/** Few, because the pool of connections serves others meanwhile. */
const AT_ONCE = 4;

type Named = { id: string; version: number };

/**
 * Records one decision about many requests, each in its own transaction: a request that another approver has just decided, or
 * that this person may not decide, does not hold back the others.
 *
 * @param named GUIDs in lower case; if one is named twice, the first version counts
 * @returns the results, in the order given
 */
export function decideSeveral(
  deps: Deps,
  access: Access,
  named: Named[],
  decision: ReviewDecision,
): Promise<Decided[]> {
  return forEach(deps, access, named, ({ id, version }) =>
    decide(deps, access, id, { ...decision, version }),
  );
}

/** What {@link decideSeveral} would answer as things stand. Records nothing. */
export function checkSeveral(
  deps: Deps,
  access: Access,
  named: Named[],
  decision: ReviewDecision,
): Promise<Decided[]> {
  return forEach(deps, access, named, ({ id, version }) =>
    checkDecision(deps, access, id, { ...decision, version }),
  );
}

async function forEach(
  deps: Deps,
  access: Access,
  named: Named[],
  work: (one: Named) => Promise<void>,
): Promise<Decided[]> {
  const versions = new Map(named.toReversed().map(({ id, version }) => [id, version]));
  const ids = new Set(named.map(({ id }) => id));
  const refused = new Map<string, string | null>([...ids].map((id) => [id, null]));
  await concurrently(ids, AT_ONCE, async (id) => {
    refused.set(id, await refusalOf(work({ id, version: versions.get(id) ?? 0 })));
  });
  const rows = await findRequests(deps.store.db, [...ids]);
  const visible = new Map(
    rows.filter(({ partner }) => covers(access.reads, partner)).map((row) => [row.id, row]),
  );
  return [...refused].map(([id, why]) => ({ id, request: visible.get(id) ?? null, refused: why }));
}

/** @returns the id of the error; null without one */
async function refusalOf(decided: Promise<void>): Promise<string | null> {
  try {
    await decided;
    return null;
  } catch (error) {
    if (error instanceof PublicError && error.status < 500) return error.id;
    throw error;
  }
}
