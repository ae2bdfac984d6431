import { parse } from 'node:querystring';
import { z } from 'zod';
import { DAY_MS } from '../../../days.js';
import { malformed } from '../../../errors.js';
import type { ListFilter } from '../../../requests/list/list.js';
import { TRANSITIONS } from '../../../requests/transitions.js';
import { REQUEST_SORTS, type ListPosition, type RequestSort } from '../../../store/requestList.js';
import type { RequestState } from '../../../store/schema.js';

/** What stands for "of no partner" in an address; no partner can have this id. */
export const NO_PARTNER = '~';

export const REQUEST_STATES = Object.keys(TRANSITIONS) as [RequestState, ...RequestState[]];
const SORTS = Object.keys(REQUEST_SORTS) as [RequestSort, ...RequestSort[]];

// A field that is left empty is sent all the same.
const line = z
  .string()
  .max(320)
  .regex(/^\P{Cc}*$/u)
  .transform((value) => value.trim().normalize())
  .default('');
const day = z
  .union([z.literal(''), z.iso.date().refine((value) => value >= '1970' && value < '3000')])
  .default('');
const several = <T extends z.ZodType>(values: T) =>
  z.preprocess((value) => (value === undefined ? [] : [value].flat()), z.array(values));

const querySchema = z.object({
  search: line,
  state: several(z.enum(REQUEST_STATES)).transform((states) => [...new Set(states)]),
  partner: line,
  /** First and last day, UTC. */
  from: day,
  to: day,
  sort: z.enum(SORTS).default('newest'),
  cursor: z.string().max(1_000).optional(),
});

/** The list as its address describes it, with the values of the form's fields; empty where nothing is filled in. */
export type ListQuery = Omit<z.output<typeof querySchema>, 'cursor'> & { position: ListPosition | null };

/**
 * Reads the address of a list. What it does not know is left aside.
 *
 * @throws {PublicError} `malformed` for a value that cannot be meant: a state that does not exist, no date, a field twice, a
 *   cursor that no page gave
 */
export function readListQuery(query: unknown): ListQuery {
  const parsed = querySchema.safeParse(query);
  if (!parsed.success) throw malformed();
  const { cursor, ...values } = parsed.data;
  return { ...values, position: cursor === undefined ? null : readCursor(cursor, values.sort) };
}

/**
 * Reads the list that a form says it was sent from, as {@link writeListQuery} wrote it into a hidden field.
 *
 * @throws {PublicError} `malformed` as {@link readListQuery} does
 */
export function readReturnQuery(text: unknown): ListQuery {
  if (text !== undefined && typeof text !== 'string') throw malformed();
  return readListQuery(parse(text ?? ''));
}

/** What is wrong with a list's address that somebody may well have filled in so. */
export function faultsOf({ from, to }: ListQuery): 'period'[] {
  return from !== '' && to !== '' && from > to ? ['period'] : [];
}

export function filterOf({ search, state, partner, from, to }: ListQuery): ListFilter {
  return {
    ...(search !== '' && { search }),
    ...(state.length > 0 && { states: state }),
    ...(partner !== '' && { partner: partner === NO_PARTNER ? null : partner }),
    ...(from !== '' && { from: new Date(from) }),
    ...(to !== '' && { until: new Date(Date.parse(to) + DAY_MS) }),
  };
}

/** The address of a list as it is, but for `changes`; it begins anew unless they name a position. */
export function listAddress(path: string, query: ListQuery, changes: Partial<ListQuery> = {}): string {
  const { search, state, partner, from, to, sort, position } = { ...query, position: null, ...changes };
  const fields = Object.entries({ search, partner, from, to, sort: sort === 'newest' ? '' : sort });
  const parameters = new URLSearchParams(fields.filter(([, value]) => value !== ''));
  for (const one of state) parameters.append('state', one);
  if (position) parameters.set('cursor', writeCursor(position, sort));
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}

/** A list at its page, as the query of its address. */
export function writeListQuery(query: ListQuery): string {
  return listAddress('', query, { position: query.position }).slice(1);
}

const moment = z.int().nonnegative();
const text = z
  .string()
  .max(320)
  .regex(/^[\x21-\x7e]*$/);
const keysOf = {
  newest: z.tuple([moment]),
  oldest: z.tuple([moment]),
  changed: z.tuple([moment]),
  address: z.tuple([text]),
  partner: z.tuple([text, moment]),
} satisfies Record<RequestSort, z.ZodType>;

/** Not signed: whoever makes one up chooses where a list begins, and nothing else. */
function writeCursor({ toward, id, keys }: ListPosition, sort: RequestSort): string {
  return Buffer.from(JSON.stringify([sort, toward, id, keys])).toString('base64url');
}

function readCursor(cursor: string, sort: RequestSort): ListPosition {
  const schema = z.tuple([z.literal(sort), z.enum(['after', 'before']), z.guid(), keysOf[sort]]);
  const parsed = schema.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString()));
  if (!parsed.success) throw malformed();
  const [, toward, id, keys] = parsed.data;
  return { toward, id, keys };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
