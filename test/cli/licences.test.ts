import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLog } from '../../src/log.js';
import { openStore } from '../../src/store/database.js';
import { recordReading } from '../../src/store/licenceReadings.js';
import { aPartner, aPolicy, GROUPS } from '../support/aPolicy.js';
import { built } from '../support/built.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { haveGuests } from '../support/guests.js';

type Ended = { code: unknown; out: string; err: string };

async function run(settings: Record<string, string>, ...args: string[]): Promise<Ended> {
  const command = [await built('cli/licences'), ...args];
  return new Promise((resolve) => {
    const env = { PATH: process.env.PATH, ...settings };
    execFile(process.execPath, command, { env }, (error, out, err) => {
      resolve({ code: error ? error.code : 0, out, err });
    });
  });
}

// Without a store, settings or a tenant.
const tryOut = (...args: string[]) => run({}, 'try', ...args);

test.each([
  [
    ['--rule', '2017', '--guests', 'basic=50,p1=50', '--json'],
    {
      rule: '2017',
      tiers: {
        basic: { fivefold: 50, onefold: 0, needed: 10, owned: 0, covered: 0, missing: 10 },
        p1: { fivefold: 50, onefold: 0, needed: 10, owned: 0, covered: 0, missing: 10 },
      },
    },
  ],
  [
    ['--rule', '2017', '--guests', 'p1=60', '--employee', 'p1=10', '--owned', 'p1=10', '--json'],
    {
      rule: '2017',
      tiers: { p1: { fivefold: 60, onefold: 10, needed: 12, owned: 10, covered: 50, missing: 2 } },
    },
  ],
  [
    ['--rule', 'mau', '--active', '51000', '--free', '50000', '--price', '0.00325', '--json'],
    { rule: 'mau', billable: 1_000, cost: 3.25 },
  ],
  [
    ['--rule', 'governance', '--touched', '1000', '--price', '0.75', '--json'],
    { rule: 'governance', billable: 1_000, cost: 750 },
  ],
])('try %j', async (args, expected) => {
  const { code, out } = await tryOut(...args);
  expect(JSON.parse(out)).toEqual(expected);
  expect(code).toBe(0);
});

test.each([
  [['--guests', 'p3=1'], 'there is no tier “p3”'],
  [['--guests', 'p1=-5'], 'isn’t a whole number'],
  [['--rule', '1999'], 'There is no rule “1999”'],
  [['--rule', '2017', '--price', '5'], '--price: this rule doesn’t use it'],
  [['--colour', 'red'], 'Usage:'],
])('try %j is refused with a sentence', async (args, sentence) => {
  const { code, out, err } = await tryOut(...args);
  expect(err).toContain(sentence);
  expect(out).toBe('');
  expect(code).toBe(64);
});

describe('the report', () => {
  let database: TestDatabase;
  let settings: Record<string, string>;

  beforeAll(async () => {
    database = await createTestDatabase();
    const apps = aPolicy().apps as Record<string, object>;
    const policyFile = join(database.dataDir, 'partners.json');
    const policy = aPolicy({
      apps: { ...apps, crm: { ...apps.crm, tier: 'p1' } },
      partners: [aPartner({ name: '=1+1' })],
    });
    await writeFile(policyFile, JSON.stringify(policy));
    const store = await openStore(database, createLog('silent'));
    await haveGuests(store.db, { partner: 'fabrikam', count: 60, groups: [GROUPS.crm] });
    await recordReading(store.db, 'typed', { tiers: { p1: 10 }, by: 'command' });
    await store.close();
    settings = {
      DATABASE_URL: database.databaseUrl ?? '',
      DATA_DIR: database.dataDir,
      POLICY_FILE: policyFile,
    };
  });
  afterAll(() => database.remove());

  test('says what is missing, and that the number was typed', async () => {
    const { code, out } = await run(settings);
    expect(out).toContain('P1: you need 12 licences for 60 people and own 10: 2 are missing.');
    expect(out).toContain('typed in, and not checked');
    expect(code).toBe(0);
  });

  test('comes as JSON', async () => {
    const { out } = await run(settings, '--json');
    expect(JSON.parse(out)).toMatchObject({
      total: 60,
      needs: { '2018': { p1: { needed: 12, missing: 2 } } },
      owned: { source: 'typed' },
    });
  });

  test('comes as CSV in which nothing is a formula', async () => {
    const { out } = await run(settings, '--csv');
    expect(out).toContain("'=1+1");
    expect(out).not.toMatch(/(^|,)=1/m);
  });

  test('of a faulty policy is none', async () => {
    const { code, err } = await run({ ...settings, POLICY_FILE: 'package.json' });
    expect(err).toContain('package.json');
    expect(code).toBe(1);
  });
});
