import { readdir } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { Kysely, sql, type Migration } from 'kysely';
import { pgliteDialect } from '../../src/store/pgliteDialect.js';
import { hindrances, readSchema } from '../support/schemaChanges.js';

// During a deployment older instances go on working on what newer ones have migrated. A migration may therefore only add.

/** Up to here no instance was deployed that could be hindered. */
const FIRST_VERSION = '0007';

let db: Kysely<unknown>;
let later: { name: string; migration: Migration }[];

beforeAll(async () => {
  db = new Kysely({ dialect: pgliteDialect(await PGlite.create()) });
  const files = (await readdir('src/store/migrations')).filter((file) => /^\d{4}-.*\.ts$/.test(file)).sort();
  const migrations = await Promise.all(
    files.map(async (file) => ({
      name: file.replace('.ts', ''),
      migration: (await import(`../../src/store/migrations/${file.replace('.ts', '.js')}`)) as Migration,
    })),
  );
  later = migrations.filter(({ name }) => name.slice(0, 4) > FIRST_VERSION);
  for (const { migration } of migrations.filter((one) => !later.includes(one))) await migration.up(db);
});
afterAll(() => db.destroy());

class NotKept extends Error {}

/** What would hinder older instances after a change, which is not kept unless it is told to be. */
async function hindrancesOf(
  change: (trx: Kysely<unknown>) => Promise<unknown>,
  keep: boolean,
): Promise<string[]> {
  let found: string[] = [];
  const trial = db.transaction().execute(async (trx) => {
    const before = await readSchema(trx);
    await change(trx);
    found = hindrances(before, await readSchema(trx));
    if (!keep) throw new NotKept();
  });
  await trial.catch((error: unknown) => {
    if (!(error instanceof NotKept)) throw error;
  });
  return found;
}

/** It allows one kind more, which older versions neither write nor claim. */
const WIDENED = ['0013-runs', '0014-licences'].map(
  (migration) => `${migration}: constraint notice_kind_check has changed`,
);

test('no migration takes away, renames or narrows what older instances work with', async () => {
  const found = [];
  for (const { name, migration } of later) {
    for (const hindrance of await hindrancesOf((trx) => migration.up(trx), true))
      found.push(`${name}: ${hindrance}`);
  }
  expect(found).toEqual(WIDENED);
});

test.each([
  ['alter table request drop column reason', ['column request.reason is gone']],
  [
    'alter table request rename column reason to why',
    ['column request.reason is gone', 'column request.why must be given'],
  ],
  ['drop table pause', expect.arrayContaining(['column pause.until is gone'])],
  ['alter table pause rename to rest', expect.arrayContaining(['column pause.name is gone'])],
  [
    'alter table request alter column partner set not null',
    [expect.stringMatching(/^column request.partner was/)],
  ],
  [
    'alter table request alter column version drop default',
    [expect.stringMatching(/^column request.version was/)],
  ],
  [
    'alter table rate_limit alter column key type varchar(20)',
    [expect.stringMatching(/^column rate_limit.key was/)],
  ],
  ['alter table request add column later text not null', ['column request.later must be given']],
  [
    "alter table request add constraint later check (state <> 'held')",
    ['constraint later is new on request'],
  ],
  ['create unique index later on request (company)', ['unique index later is new on request']],
  ['alter table pause drop constraint pause_pkey', expect.arrayContaining(['constraint pause_pkey is gone'])],
  ['drop trigger append_only on audit_event', ['trigger append_only on audit_event is gone']],
  [
    'create table later (id uuid references request)',
    ['foreign key later_id_fkey keeps rows of request from being deleted'],
  ],
])('%s: would be refused', async (statement, expected) => {
  expect(await hindrancesOf((trx) => sql.raw(statement).execute(trx), false)).toEqual(expected);
});

test.each([
  'alter table request add column later text',
  "alter table request add column later text not null default ''",
  'create index later on request (company)',
  'create table later (id uuid primary key references request on delete cascade)',
])('%s: would be taken', async (statement) => {
  expect(await hindrancesOf((trx) => sql.raw(statement).execute(trx), false)).toEqual([]);
});
