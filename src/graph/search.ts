import { z, type ZodType } from 'zod';
import { unreadable, type Graph } from './graph.js';

/** One page of what was found; `next` is handed back as `cursor` for the page after it, null when there is none. */
export type Page<Item> = { items: Item[]; next: string | null };

/** A cursor that is none of ours: whoever sent it is answered, and Graph is not asked. */
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
  cursor?: string;
  signal?: AbortSignal;
};

const PAGE = 20;
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
  const { body, requestId } = await graph.call({
    method: 'GET',
    path: wanted.cursor === undefined ? firstPage(wanted) : pathOf(graph, wanted.path, wanted.cursor),
    eventual: true,
    ...(wanted.signal && { signal: wanted.signal }),
  });
  const parsed = z
    .object({ value: z.array(wanted.item), '@odata.nextLink': z.string().optional() })
    .safeParse(body);
  if (!parsed.success) throw unreadable('What was found could not be read', requestId, 'no');
  const { value, '@odata.nextLink': link } = parsed.data;
  return { items: value, next: link !== undefined && leadsInto(graph, wanted.path, link) ? link : null };
}

function firstPage({ path, properties, select, text }: Search<unknown>): string {
  const query = [`$select=${select}`, `$top=${PAGE}`];
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
