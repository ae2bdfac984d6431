import { sql, type Kysely } from 'kysely';

type Column = { nullable: boolean; given: boolean; what: string };
type Rule = { table: string; kind: string; text: string };
/** All of a schema that a version of the portal can notice. */
export type Schema = { columns: Map<string, Column & { table: string }>; rules: Map<string, Rule> };

/** Reads the portal's own schema. */
export async function readSchema(db: Kysely<unknown>): Promise<Schema> {
  const columns = await sql<Column & { table: string; name: string }>`
    select table_name as "table", table_name || '.' || column_name as name, is_nullable = 'YES' as nullable,
      column_default is not null or is_identity = 'YES' or is_generated = 'ALWAYS' as given,
      concat_ws(' ', udt_name, character_maximum_length, is_nullable, column_default, is_identity, generation_expression) as what
    from information_schema.columns where table_schema = 'public'`.execute(db);
  // What decides which rows there may be, what `on conflict` can name, and what happens at a change.
  const rules = await sql<Rule & { name: string }>`
    select conname as name, conrelid::regclass::text as "table",
      case contype when 'f' then 'foreign key' else 'constraint' end as kind, pg_get_constraintdef(oid) as text
    from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
    union all select indexname, tablename, 'unique index', indexdef
    from pg_indexes where schemaname = 'public' and indexdef like 'CREATE UNIQUE%'
    union all select tgname || ' on ' || tgrelid::regclass, tgrelid::regclass::text, 'trigger', pg_get_triggerdef(oid)
    from pg_trigger where not tgisinternal
    union all select oid::regprocedure::text, '', 'function', pg_get_functiondef(oid)
    from pg_proc where pronamespace = 'public'::regnamespace and prokind = 'f'`.execute(db);
  return {
    columns: new Map(columns.rows.map(({ name, ...column }) => [name, column])),
    rules: new Map(rules.rows.map(({ name, ...rule }) => [`${rule.kind} ${name}`, rule])),
  };
}

/** What a version that knows only the schema of `before` might trip over in that of `after`; a sentence each. */
export function hindrances(before: Schema, after: Schema): string[] {
  const known = new Set([...before.columns.values()].map(({ table }) => table));
  const found: string[] = [];
  for (const [name, { what }] of before.columns) {
    const now = after.columns.get(name);
    if (!now) found.push(`column ${name} is gone`);
    else if (now.what !== what) found.push(`column ${name} was "${what}" and is "${now.what}"`);
  }
  for (const [name, { text }] of before.rules) {
    const now = after.rules.get(name);
    if (!now) found.push(`${name} is gone`);
    else if (now.text !== text) found.push(`${name} has changed`);
  }
  for (const [name, { table, nullable, given }] of after.columns) {
    if (!before.columns.has(name) && known.has(table) && !nullable && !given) {
      found.push(`column ${name} must be given`);
    }
  }
  for (const [name, { table, kind, text }] of after.rules) {
    if (before.rules.has(name)) continue;
    if (known.has(table)) found.push(`${name} is new on ${table}`);
    else if (
      kind === 'foreign key' &&
      known.has(targetOf(text)) &&
      !/ON DELETE (CASCADE|SET NULL)/.test(text)
    ) {
      found.push(`${name} keeps rows of ${targetOf(text)} from being deleted`);
    }
  }
  return found;
}

function targetOf(foreignKey: string): string {
  return /REFERENCES (\w+)/.exec(foreignKey)?.[1] ?? '';
}
