import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { Scope } from '../access/access.js';
import { parseReference } from '../reference.js';
import type { Db, Proof, RequestRow, RequestState } from './schema.js';

/** Narrows a list of requests. A member that is left out does not narrow it. */
export type RequestFilter = {
  /** The requests that the viewer may see. */
  scope: Scope;
  /** The beginning of an address, of a domain, of a whole name or of a last name; as `@domain`, of a domain alone; or a reference. */
  search?: string | undefined;
  states?: readonly RequestState[] | undefined;
  /** Id of a partner; null for requests of none. */
  partner?: string | null | undefined;
  /** The first moment, included. */
  from?: Date | undefined;
  /** The last moment, excluded. */
  until?: Date | undefined;
};

/** The orders of a list. The id decides between rows with equal keys. */
export const REQUEST_SORTS = {
  newest: { keys: ['created'], descending: true },
  oldest: { keys: ['created'], descending: false },
  changed: { keys: ['updated'], descending: true },
  address: { keys: ['address'], descending: false },
  partner: { keys: ['partner', 'created'], descending: false },
} as const satisfies Record<string, { keys: readonly SortKey[]; descending: boolean }>;
export type RequestSort = keyof typeof REQUEST_SORTS;

/** A position in a sorted list: right after, or before, the row with these keys, in the order of {@link REQUEST_SORTS}. */
export type ListPosition = { toward: 'after' | 'before'; keys: (string | number)[]; id: string };

/** A page of a list: at most `limit` rows from `position` on; null for its beginning. */
export type RequestQuery = {
  filter: RequestFilter;
  sort: RequestSort;
  position: ListPosition | null;
  limit: number;
};

export type ListedRequest = Pick<
  RequestRow,
  | 'id'
  | 'address'
  | 'first_name'
  | 'last_name'
  | 'company'
  | 'reason'
  | 'partner'
  | 'state'
  | 'version'
  | 'anonymised_at'
  | 'created_at'
  | 'updated_at'
> & {
  /** The code of why the policy refused it, it is stuck, or it takes longer; null when all goes well. */
  problem: string | null;
  /** The applicant's proof; null when none was required or given. */
  proof: Omit<Proof, 'browser'> | null;
  /** Why an open request waits, besides the approval that the policy requires: codes such as `proof.mailbox`, `limit.perDay`. */
  waitsFor: string[];
};

export type RequestPage = {
  requests: ListedRequest[];
  /** Where the neighbouring pages begin; null at either end. */
  next: ListPosition | null;
  previous: ListPosition | null;
};

type SortKey = 'created' | 'updated' | 'address' | 'partner';

/** Moments travel in microseconds since 1970: a JavaScript date would lose what PostgreSQL orders by. */
const microseconds = (column: string) => sql`(extract(epoch from ${sql.ref(column)}) * 1000000)::float8`;
const moment = (value: string | number) =>
  sql`'epoch'::timestamptz + ${value}::float8 * interval '1 microsecond'`;

/** Stands for no partner, and comes after every partner's id. */
const NO_PARTNER = '~';
const PARTNER = sql`(coalesce(partner, ${sql.lit(NO_PARTNER)}) collate "C")`;

/** How a list is ordered by each key, and how the key is read and compared. The indexes of migration 0003 have these expressions. */
const KEYS: Record<SortKey, [order: RawBuilder<unknown>, read: RawBuilder<unknown>, of: typeof moment]> = {
  created: [sql`created_at`, microseconds('created_at'), moment],
  updated: [sql`updated_at`, microseconds('updated_at'), moment],
  address: [sql`address`, sql`address`, (value) => sql`${value}`],
  partner: [PARTNER, PARTNER, (value) => sql`${value}`],
};

/**
 * One page of a list. It is found by the keys of the row that it follows, so the last page costs what the first does, and
 * none repeats or leaves out a row when others are added meanwhile.
 */
export async function listRequests(db: Db, wanted: RequestQuery): Promise<RequestPage> {
  const { position, limit } = wanted;
  // One more row than is shown says whether there are more.
  const rows = await pageQuery(db, { ...wanted, limit: limit + 1 }).execute();
  const more = rows.length > limit;
  if (more) rows.pop();
  const backward = position?.toward === 'before';
  if (backward) rows.reverse();
  const at = (toward: ListPosition['toward'], row: (typeof rows)[number] | undefined) =>
    row ? { toward, keys: row.keys, id: row.id } : null;
  return {
    next: backward || more ? at('after', rows.at(-1)) : null,
    previous: backward ? (more ? at('before', rows[0]) : null) : position && at('before', rows[0]),
    requests: rows,
  };
}

/** The statement of {@link listRequests}; a test looks at its plan. */
export function pageQuery(db: Db, { filter, sort, position, limit }: RequestQuery) {
  const { keys, descending } = REQUEST_SORTS[sort];
  const backward = position?.toward === 'before';
  const direction = descending === backward ? sql`asc` : sql`desc`;
  const columns = [...keys.map((key) => KEYS[key][0]), sql`id`];
  const query = filtered(db, filter)
    .select(['id', 'address', 'first_name', 'last_name', 'company', 'reason', 'partner', 'state'])
    .select(['version', 'anonymised_at', 'created_at', 'updated_at', PROBLEM.as('problem')])
    .select([PROOF.as('proof'), WAITS_FOR.as('waitsFor')])
    .select(
      sql<ListPosition['keys']>`jsonb_build_array(${sql.join(keys.map((key) => KEYS[key][1]))})`.as('keys'),
    )
    .orderBy(sql`${sql.join(columns.map((column) => sql`${column} ${direction}`))}`)
    .limit(limit);
  return position ? query.where(beyond(position, sort)) : query;
}

/** An approver's denial needs no code; the policy's is the last of its reasons. */
const PROBLEM = sql<string | null>`coalesce(
  problem ->> 'code',
  case when state = 'denied' and review is null then decision -> 'reasons' -> -1 ->> 'code' end
)`;

/** The proof without the browser's key. */
const PROOF = sql<Omit<Proof, 'browser'> | null>`proof - 'browser'`;

const WAITS_FOR = sql<string[]>`case when state in ('unproven', 'pending') then jsonb_path_query_array(
  decision, '$.reasons[*].code ? (@ starts with "proof." || @ starts with "limit." || @ starts with "guard.")'
) else '[]'::jsonb end`;

function beyond({ toward, keys, id }: ListPosition, sort: RequestSort) {
  const { keys: names, descending } = REQUEST_SORTS[sort];
  const columns = [...names.map((name) => KEYS[name][0]), sql`id`];
  const values = [...names.map((name, index) => KEYS[name][2](keys[index] ?? '')), sql`${id}::uuid`];
  const comparison = descending === (toward === 'before') ? sql`>` : sql`<`;
  return sql<SqlBool>`(${sql.join(columns)}) ${comparison} (${sql.join(values)})`;
}

/** Requests that pass a filter. */
function filtered(db: Db, { scope, search, states = [], partner, from, until }: RequestFilter) {
  let query = inScope(db, scope);
  if (search !== undefined) query = query.where(matches(search));
  if (states.length > 0) query = query.where(isOneOf(sql`state`, states));
  if (partner !== undefined) query = query.where(isOneOf(PARTNER, [partner ?? NO_PARTNER]));
  if (from) query = query.where('created_at', '>=', from);
  if (until) query = query.where('created_at', '<', until);
  return query;
}

/** Requests that a scope covers. */
export function inScope(db: Db, scope: Scope) {
  const query = db.selectFrom('request');
  return scope === 'all' ? query : query.where(isOneOf(PARTNER, scope));
}

/** With a single value the index keeps its order. An empty list matches nothing; `in ()` would be an error. */
function isOneOf(place: RawBuilder<unknown>, values: readonly string[]) {
  return values.length === 1
    ? sql<SqlBool>`${place} = ${values[0]}`
    : sql<SqlBool>`${place} = any(${values}::text[])`;
}

const DOMAIN = sql`split_part(address, '@', 2)`;
const NAMES = [
  sql`lower((first_name || ' ' || last_name) collate "und-x-icu") collate "C"`,
  sql`lower(last_name collate "und-x-icu") collate "C"`,
];

function matches(search: string) {
  const reference = /[-\d]/.test(search) ? parseReference(search) : null;
  return reference ? sql<SqlBool>`(${beginsAs(search)} or ${hasReference(reference)})` : beginsAs(search);
}

/** By the reference of any of its status pages. */
function hasReference(bytes: Buffer) {
  const last = Buffer.concat([bytes, Buffer.alloc(27, 0xff)]);
  return sql<SqlBool>`id in (select request_id from submission where token_hash between ${bytes} and ${last})`;
}

function beginsAs(search: string) {
  const term = search.trim().toLowerCase();
  if (term.startsWith('@')) return beginsWith(DOMAIN, term.slice(1));
  if (term.includes('@')) return beginsWith(sql`address`, term);
  const places = [sql`address`, DOMAIN, ...NAMES];
  return sql<SqlBool>`(${sql.join(
    places.map((place) => beginsWith(place, term)),
    sql` or `,
  )})`;
}

/** A range instead of a pattern: an index of collation "C" serves it, and no character of the text is special. */
function beginsWith(place: RawBuilder<unknown>, text: string) {
  return sql<SqlBool>`(${place} >= ${text} and ${place} < ${`${text}\u{10FFFF}`})`;
}
