import { z, type ZodType } from 'zod';
import { concurrently } from '../concurrently.js';
import { get, type Graph } from './graph.js';

/** How many values `in` takes: https://learn.microsoft.com/graph/filter-query-parameter */
const IN_ONE_CALL = 15;
/** Calls under way at once; more would be throttled together with the worker's. */
const CALLS_AT_ONCE = 4;

export type ByIds<Item> = {
  /** The collection, such as `/groups`. */
  path: string;
  /** `$select`, as it is sent. */
  select: string;
  item: ZodType<Item>;
  /** Object ids, GUIDs in lower case. */
  ids: string[];
  signal?: AbortSignal | undefined;
};

/**
 * Finds objects of a collection by their ids, fifteen a call.
 *
 * @returns those that exist, by id
 * @throws {GraphFault} of the first call that failed; the rest are not begun
 */
export async function findByIds<Item extends { id: string }>(
  graph: Graph,
  wanted: ByIds<Item>,
): Promise<Map<string, Item>> {
  const { path, select, item, signal } = wanted;
  const ids = [...new Set(wanted.ids)];
  const list = z.object({ value: z.array(item) });
  const found = new Map<string, Item>();
  await concurrently(inChunks(ids, IN_ONE_CALL), CALLS_AT_ONCE, async (chunk) => {
    const filter = encodeURIComponent(`id in (${chunk.map((id) => `'${id}'`).join(',')})`);
    const { value } = await get(graph, `${path}?$filter=${filter}&$select=${select}`, list, { signal });
    for (const one of value) found.set(one.id.toLowerCase(), one);
  });
  return found;
}

function inChunks<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
