import { sql } from 'kysely';
import { createApp } from '../../src/app.js';
import type { Db } from '../../src/store/schema.js';
import type { TestPortal } from '../support/portal.js';
import { routesOf } from '../support/routes.js';

export type Route = { method: string; path: string };

/** Every route that the portal really has; one that somebody adds is walked without being named here. */
export function routesWith(portal: TestPortal, method?: 'GET' | 'POST'): Route[] {
  return routesOf(createApp(portal.deps)).filter((route) => method === undefined || route.method === method);
}

/** What stands in a route's path: a request's token and id, and the keys of `aPolicy`. */
export type Names = { token?: string; id?: string };

const NOBODY = { token: 'A'.repeat(22), id: '00000000-0000-4000-8000-000000000000' };

/** A route's path with names in the place of its parameters; those of nothing where none are given. */
export function filled(path: string, { token = NOBODY.token, id = NOBODY.id }: Names = {}): string {
  return path
    .replace(/^\/admin\/partners\/:id/, '/admin/partners/fabrikam')
    .replace(/^\/admin\/apps\/:key/, '/admin/apps/crm')
    .replace(/^\/admin\/groups\/:key/, '/admin/groups/crm')
    .replace(/^\/admin\/policy\/versions\/:id/, '/admin/policy/versions/1')
    .replace(/:(token|secret)/, token)
    .replace(/:\w+/, id);
}

/** The names of a new request, for a partner who asks for approval. */
export async function waitingRequest(portal: TestPortal, email: string): Promise<Required<Names>> {
  const token = (await portal.visitor().apply({ email })).split('/').at(-1) ?? '';
  const { id } = await portal.deps.store.db
    .selectFrom('request')
    .select('id')
    .where('address', '=', email)
    .executeTakeFirstOrThrow();
  return { token, id };
}

/** Sessions and counters of requests come and go with whoever asks, and events are sealed in their own time. */
const PASSING = ['session', 'rate_limit', 'person', 'audit_seal'];

/** A checksum of each table of the store, to see whether anything at all was changed. */
export async function contentsOf(db: Db): Promise<Record<string, string>> {
  const { rows: tables } = await sql<{ name: string }>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_type = 'BASE TABLE' and (table_schema = 'public' or table_name = 'job')
      and not table_name = any(${PASSING})
    order by name`.execute(db);
  const contents: Record<string, string> = {};
  for (const { name } of tables) {
    const { rows } = await sql<{ sum: string }>`
      select count(*) || ' ' || md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as sum
      from ${sql.raw(name)} as t`.execute(db);
    contents[name] = rows[0]?.sum ?? '';
  }
  return contents;
}

/** The cookies that an answer sets. */
export function cookiesOf({ headers }: { headers: Record<string, unknown> }): string[] {
  return (headers['set-cookie'] as string[] | undefined) ?? [];
}
