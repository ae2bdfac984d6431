import { z, type ZodType } from 'zod';
import { concurrently } from '../concurrently.js';
import { inChunks } from '../inChunks.js';
import { get, type Graph } from './graph.js';

/** One page of what was found; `next` is handed back as `cursor` for the page after it, null when there is none. */
export type Page<Item> = { items: Item[]; next: string | null };

/** A cursor that the portal has not given: its sender gets an answer, and Graph is not called. */
export class MalformedCursor extends Error {
  override name = 'MalformedCursor';
}

export type Search<Item> = {
  /** The collection, such as `/groups`. */
  path: string;
  /** Where to look: any of these may match. */
  properties: string[];
  /** `$select`, as it is sent. */
  select: string;
  item: ZodType<Item>;
  text: string;
} & SearchOptions;

export type SearchOptions = { cursor?: string; signal?: AbortSignal | undefined };

const PAGE_SIZE = 20;
/** Graph's own links measure a few hundred characters, and page tokens may be long. */
const LONGEST_CURSOR = 4_000;

/**
 * Searches a collection of the directory by words, a page at a time. Without any word, everything is found.
 *
 * @throws {GraphFault}
 * @throws {MalformedCursor} a cursor that leads anywhere but into this collection
 * @see https://learn.microsoft.com/graph/search-query-parameter
 */
export async function search<Item>(graph: Graph, wanted: Search<Item>): Promise<Page<Item>> {
  const { path, cursor, item, signal } = wanted;
  const { value, '@odata.nextLink': link } = await get(
    graph,
    cursor === undefined ? firstPage(wanted) : pathOf(graph, path, cursor),
    z.object({ value: z.array(item), '@odata.nextLink': z.string().optional() }),
    { eventual: true, signal },
  );
  return { items: value, next: link !== undefined && leadsInto(graph, path, link) ? link : null };
}

function firstPage({ path, properties, select, text }: Search<unknown>): string {
  const query = [`$select=${select}`, `$top=${PAGE_SIZE}`];
  if (/[\p{L}\p{N}]/u.test(text)) {
    const clause = properties.map((property) => `"${property}:${escaped(text)}"`).join(' OR ');
    // The client encodes neither `#` nor `&` in a query.
    query.unshift(`$search=${encodeURIComponent(clause)}`);
  }
  return `${path}?${query.join('&')}`;
}

/** Quotes and backslashes would end the clause; control characters are no part of a name. */
function escaped(text: string): string {
  return text
    .replace(/\p{Cc}/gu, ' ')
    .trim()
    .replace(/["\\]/g, '\\$&');
}

/** The link's path and query below `/v1.0`. It has been in a browser meanwhile: it may lead to the collection only. */
function pathOf(graph: Graph, path: string, cursor: string): string {
  if (!leadsInto(graph, path, cursor)) throw new MalformedCursor('Not a cursor of this collection');
  return cursor.slice(graph.baseUrl.length);
}

function leadsInto(graph: Graph, path: string, link: string): boolean {
  const start = `${graph.baseUrl}${path}?`;
  return (
    link.startsWith(start) && link.length <= LONGEST_CURSOR && /^[!$-~]+$/.test(link.slice(start.length))
  );
}

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
