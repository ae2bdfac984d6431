import type { Deps } from '../deps.js';
import { sharedRead } from '../shared.js';

type Graph = Deps['graph'];

const KEPT_MS = 60_000;
const READ_MS = 10_000;
/** Longer, so that a call without an answer ends as Graph's fault. */
const WITHIN_MS = 15_000;
const renewals = new WeakMap<Graph, () => Promise<string[]>>();

/**
 * Whether the portal may delete accounts. A token that lacks the permission is renewed, at most once a minute: it may have been
 * granted a moment ago.
 *
 * @throws {GraphFault} `unauthenticated` when Entra gives no token
 */
export async function mayDeleteGuests(graph: Graph, signal: AbortSignal): Promise<boolean> {
  if (await graph.isPermitted('deleteUsers', signal)) return true;
  const renew =
    renewals.get(graph) ??
    sharedRead(() => graph.grantedPermissions(AbortSignal.timeout(READ_MS)), {
      forMs: KEPT_MS,
      withinMs: WITHIN_MS,
    });
  renewals.set(graph, renew);
  await renew();
  return graph.isPermitted('deleteUsers', signal);
}
