import { z } from 'zod';
import { unreadable, type Graph } from './graph.js';

const named = z.object({ value: z.array(z.object({ id: z.guid(), displayName: z.string().nullish() })) });

/** Graph takes up to fifteen values in one `in` (https://learn.microsoft.com/graph/filter-query-parameter). */
const AT_ONCE = 15;

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
  const names = new Map<string, string>();
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const list = ids.slice(at, at + AT_ONCE).map((id) => `'${id}'`);
    const query = `$filter=${encodeURIComponent(`id in (${list.join(',')})`)}&$select=id,displayName`;
    for (const collection of ['/users', '/groups']) {
      const call = { method: 'GET' as const, path: `${collection}?${query}`, ...(signal && { signal }) };
      const { body, requestId } = await graph.call(call);
      const parsed = named.safeParse(body);
      if (!parsed.success) throw unreadable('The names could not be read', requestId, 'no');
      for (const { id, displayName } of parsed.data.value) if (displayName) names.set(id, displayName);
    }
  }
  return names;
}
