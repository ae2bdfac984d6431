import type { Reply } from '../reply.js';
import { context, type GraphCall } from './call.js';
import { GraphError, badRequest, unsupportedQuery } from './errors.js';
import { parseFilter } from './filter.js';
import { parseSearch } from './search.js';

// $select, $filter, $search, $orderby, $count, $top and paging, for every collection.

type Item = { id: string };

/** How Graph shows a kind of object. */
export type Shape<T extends Item> = {
  /** Name in `@odata.context`. */
  set: string;
  type: string;
  /** Every property that `$select` and `$filter` know. */
  properties: ReadonlySet<string>;
  /** What is shown without `$select`; everything when left out. */
  defaults?: readonly (keyof T & string)[];
  /** Objects of several types share the collection: each names its own. */
  typeOf?: (item: T) => string;
};

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 999;

/** Answers one page of a collection. */
export function answerPage<T extends Item>(call: GraphCall, items: T[], shape: Shape<T>): Reply {
  refuseExpand(call);
  const matching = ordered(call, items.filter(matcher(call, shape)));
  const size = pageSize(call);
  const start = pageStart(call, matching);
  const page = matching.slice(start, start + size);
  const last = page.at(-1);
  const selected = selection(call, shape);
  return {
    status: 200,
    body: {
      '@odata.context': context(call, shape.set + (selected ? `(${selected.join(',')})` : '')),
      ...(call.eventual && call.query.get('$count') === 'true' && { '@odata.count': matching.length }),
      ...(last && start + size < matching.length && { '@odata.nextLink': nextLink(call, last.id) }),
      value: page.map((item) => show(item, shape, selected)),
    },
  };
}

/** Answers one object. */
export function answerOne<T extends Item>(call: GraphCall, item: T, shape: Shape<T>): Reply {
  refuseExpand(call);
  const selected = selection(call, shape);
  const fragment = `${shape.set}${selected ? `(${selected.join(',')})` : ''}/$entity`;
  return { status: 200, body: { '@odata.context': context(call, fragment), ...show(item, shape, selected) } };
}

/** Answers `/$count`: a bare number, as text. */
export function answerCount<T extends Item>(call: GraphCall, items: T[], shape: Shape<T>): Reply {
  if (!call.eventual) throw badRequest('$count is not currently supported.');
  return {
    status: 200,
    headers: { 'Content-Type': 'text/plain' },
    body: String(items.filter(matcher(call, shape)).length),
  };
}

function matcher<T extends Item>(call: GraphCall, shape: Shape<T>): (item: T) => boolean {
  const search = call.query.get('$search');
  const filter = call.query.get('$filter');
  const advanced = call.eventual && call.query.get('$count') === 'true';
  if (filter !== null && call.query.has('$orderby') && !advanced) {
    throw unsupportedQuery('Sorting not supported for current query.');
  }
  const found = search === null ? () => true : searcher(call, search);
  const filtered = filter === null ? () => true : parseFilter(filter, { ...shape, advanced });
  return (item) => found(item) && filtered(item);
}

function searcher(call: GraphCall, search: string): (item: Record<string, unknown>) => boolean {
  if (!call.eventual) {
    throw unsupportedQuery(
      "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
    );
  }
  return parseSearch(search);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function ordered<T extends Item>(call: GraphCall, items: T[]): T[] {
  const [property, direction] = (call.query.get('$orderby') ?? '').split(' ');
  if (!property) return items;
  const key = (item: Record<string, unknown>) => textOf(item[property]).toLowerCase();
  const sorted = items.toSorted((a, b) => key(a).localeCompare(key(b)));
  return direction === 'desc' ? sorted.reverse() : sorted;
}

function pageSize(call: GraphCall): number {
  const top = call.query.get('$top');
  if (top === null) return DEFAULT_PAGE;
  const size = Number(top);
  if (Number.isInteger(size) && size >= 1 && size <= LARGEST_PAGE) return size;
  throw badRequest(`Invalid page size specified: '${top}'. Must be between 1 and 999 inclusive.`);
}

/** The token names the last object shown, so that pages skip and repeat nothing when objects are added or removed. */
function pageStart(call: GraphCall, items: Item[]): number {
  if (call.query.has('$skip')) throw badRequest("'$skip' is not supported by the service.");
  const token = call.query.get('$skiptoken');
  if (token === null) return 0;
  const last = Buffer.from(token, 'base64url').toString();
  const index = items.findIndex((item) => item.id === last);
  if (index >= 0) return index + 1;
  throw new GraphError(
    400,
    'Directory_ExpiredPageToken',
    'The specified page token value has expired and can no longer be included in your request.',
  );
}

function nextLink(call: GraphCall, lastId: string): string {
  const query = new URLSearchParams(call.query);
  query.set('$skiptoken', Buffer.from(lastId).toString('base64url'));
  const text = query.toString().replaceAll('%24', '$');
  const path = encodeURI(call.path).replaceAll('#', '%23'); // guests' principal names carry a #
  return `${call.tenant.urls.backChannel}/v1.0${path}?${text}`;
}

function selection<T extends Item>(call: GraphCall, shape: Shape<T>): string[] | undefined {
  const select = call.query.get('$select');
  if (!select) return undefined;
  const names = select.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !shape.properties.has(name));
  if (unknown === undefined) return names;
  throw badRequest(
    `Parsing OData Select and Expand failed: Could not find a property named '${unknown}' on type '${shape.type}'.`,
    'BadRequest',
  );
}

function show<T extends Item>(item: T, shape: Shape<T>, selected: string[] | undefined): object {
  const names = selected ?? shape.defaults;
  const type = shape.typeOf && { '@odata.type': shape.typeOf(item) };
  if (names === undefined) return { ...type, ...item };
  const known: Record<string, unknown> = item;
  return { ...type, ...Object.fromEntries(names.map((name) => [name, known[name] ?? null])) };
}

function refuseExpand(call: GraphCall): void {
  // Refused rather than ignored: an answer without the expansion would look like an empty one.
  if (call.query.has('$expand')) throw unsupportedQuery('$expand is not supported by the simulated tenant.');
}
