import { z } from 'zod';
import { findByIds } from './byIds.js';
import type { Graph } from './graph.js';

const item = z.object({ id: z.guid(), displayName: z.string().nullish() });

/**
 * The names of users and groups, by object id. An id that is neither, or that has no name, is left out.
 *
 * @param ids lower-case GUIDs
 * @throws {GraphFault}
 */
export async function namesOf(
  graph: Graph,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const wanted = { select: 'id,displayName', item, ids: [...ids], ...(signal && { signal }) };
  const found = await Promise.all([
    findByIds(graph, { path: '/users', ...wanted }),
    findByIds(graph, { path: '/groups', ...wanted }),
  ]);
  const named = found.flatMap((objects) => [...objects.values()]);
  return new Map(
    named.flatMap(({ id, displayName }) => (displayName ? [[id.toLowerCase(), displayName]] : [])),
  );
}
