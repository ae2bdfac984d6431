import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createLog } from '../../src/log.js';
import { openStore } from '../../src/store/database.js';
import { findRun } from '../../src/store/runs.js';
import type { Db } from '../../src/store/schema.js';
import { UNPACED_POLICY } from '../support/aPolicy.js';
import { built } from '../support/built.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { portalSettings } from '../support/portal.js';
import { startTenant, type Tenant } from '../support/tenant.js';
import { waitFor } from '../support/waitFor.js';

// The command as a process of its own, which does all the work itself: no portal runs.

let tenant: Tenant;
let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  [tenant, database] = await Promise.all([startTenant(), createTestDatabase()]);
  folder = database.dataDir;
  await writeFile(join(folder, 'partners.json'), JSON.stringify(UNPACED_POLICY));
});
afterAll(async () => {
  await tenant.close();
  await database.remove();
});

const onEmbedded = process.env.DATABASE_URL ? test.skip : test;

type Ended = { code: number | null; out: string; err: string };
type Numbers = Record<'rows' | 'invited' | 'granted' | 'unchanged' | 'refused' | 'failed', number>;

async function start(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [await built('cli/invite'), ...args], {
    cwd: process.cwd(),
    env: {
      PATH: process.env.PATH,
      ...portalSettings(tenant, true),
      SESSION_SECRET: 'x'.repeat(32),
      DATABASE_URL: database.databaseUrl ?? '',
      DATA_DIR: folder,
      POLICY_FILE: join(folder, 'partners.json'),
      NODE_EXTRA_CA_CERTS: tenant.caFile,
      BULK_MAILS_PER_MINUTE: '100000',
      BASE_URL: 'https://portal.contoso.com',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Promise<Ended> = Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]).then(([[code], out, err]) => ({ code, out, err }));
  return { child, ended };
}

const invite = async (...args: string[]) => (await start(args)).ended;

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const people = (count: number, prefix: string) =>
  [
    'Email,DisplayName',
    ...Array.from({ length: count }, (_, i) => `${prefix}${i}@fabrikam.com,Ana Lind`),
  ].join('\n');

/** Works on the store and closes it: the command opens it by itself. */
async function inStore<T>(work: (db: Db) => Promise<T>): Promise<T> {
  const store = await openStore(database, createLog('silent'));
  try {
    return await work(store.db);
  } finally {
    await store.close();
  }
}

const stateOf = (id: string) => inStore(async (db) => (await findRun(db, id))?.state);
const invitations = () => tenant.graphCalls('POST', /\/invitations$/);
const runIn = (out: string) => /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(out)?.[0] ?? '';

test('a dry run says what would happen and why not, invites nobody, and is started as it is', async () => {
  const path = await file(
    'dry.csv',
    [
      people(3, 'dry'),
      'dry0@fabrikam.com,Twice',
      'cy@competitor.com,Cy',
      'not an address,No',
      'bo@nobody.com,Bo',
    ].join('\n'),
  );
  const { code, out, err } = await invite(path, '--dry-run');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lines = out.split('\n');
  expect(lines[0]).toBe(
    '3 will be invited · 0 are guests already, 0 get something new · 1 are there twice · 3 refused',
  );
  expect(lines[1]).toBe('Line 6, cy@competitor.com: The policy refuses the domain');
  expect(lines[2]).toMatch(/^Line 7, not an address: Enter /);
  expect(lines[3]).toMatch(/^Line 8, bo@nobody.com: ./);
  expect(lines[4]).toContain('Nothing was sent');
  expect(await invitations()).toEqual([]);
  const id = runIn(out);
  const started = await invite('--resume', id);
  expect(started).toMatchObject({ code: 0, err: '' });
  expect(started.out).toContain(`https://portal.contoso.com/admin/runs/${id}`);
  expect(started.out).toContain(
    '3 invited · 0 guests got something new · 1 unchanged · 3 refused · 0 failed',
  );
  expect(await invitations()).toHaveLength(3);
  const actors = await inStore((db) =>
    db
      .selectFrom('audit_event')
      .select(['actor', 'action'])
      .where('action', 'in', ['run.started', 'request.submitted'])
      .execute(),
  );
  expect(actors).toHaveLength(4);
  expect(new Set(actors.map(({ actor }) => actor))).toEqual(new Set(['command']));
});

test('a whole run ends with one JSON document, and the same file again invites nobody', async () => {
  const path = await file('whole.csv', people(15, 'whole'));
  const before = (await invitations()).length;
  const { code, out, err } = await invite(path, '--json');
  expect(code).toBe(0);
  const { run, ...numbers } = JSON.parse(out) as Numbers & { run: string };
  expect(numbers).toEqual({ rows: 15, invited: 15, granted: 0, unchanged: 0, refused: 0, failed: 0 });
  expect(await stateOf(run)).toBe('done');
  expect(err).toContain('15 will be invited');
  expect(await tenant.mailsTo('whole7@fabrikam.com')).toHaveLength(1);
  const again = await invite(path, '--json');
  expect(again.code).toBe(0);
  expect(JSON.parse(again.out)).toMatchObject({ rows: 15, invited: 0, unchanged: 15 });
  const sealed = await inStore((db) =>
    db.selectFrom('audit_event').leftJoin('audit_seal', 'event_id', 'audit_event.id').select('seq').execute(),
  );
  expect(sealed.filter(({ seq }) => seq === null)).toEqual([]);
  expect(await invitations()).toHaveLength(before + 15);
});

test('without mail nobody is mailed, and a text of its own is in the mail', async () => {
  expect((await invite(await file('quiet.csv', people(1, 'quiet')), '--no-mail')).code).toBe(0);
  expect(await tenant.mailsTo('quiet0@fabrikam.com')).toEqual([]);
  const said = 'We look forward to the fair.';
  expect((await invite(await file('said.csv', people(1, 'said')), '--message', said)).code).toBe(0);
  expect((await tenant.mailsTo('said0@fabrikam.com'))[0]?.text).toContain(said);
});

test('rows that Microsoft refuses are named with its reason, and the exit code says so', async () => {
  await tenant.fault({
    on: 'graph',
    method: 'POST',
    path: '^/invitations$',
    fault: { kind: 'status', status: 400, body: { error: { code: 'BadRequest', message: 'No such luck' } } },
  });
  const { code, out } = await invite(await file('refused.csv', people(2, 'refused')));
  await tenant.clearFaults();
  expect(code).toBe(1);
  expect(out).toMatch(/^Line [23], refused[01]@fabrikam\.com: failed, .*No such luck/m);
  expect(out).toContain('1 invited · 0 guests got something new · 0 unchanged · 0 refused · 1 failed');
});

test('Ctrl-C pauses the run and says how it goes on, and then it does', async () => {
  await tenant.settings({ latencyMs: 50 });
  const path = await file('cut.csv', people(30, 'cut'));
  const { child, ended } = await start([path]);
  await waitFor(
    'the run to be under way',
    async () => (await tenant.guest('cut4@fabrikam.com')) !== undefined,
  );
  // As a terminal and a parent both send it.
  child.kill('SIGINT');
  child.kill('SIGINT');
  const { code, out } = await ended;
  await tenant.settings({ latencyMs: 0 });
  expect(code).toBe(130);
  const id = runIn(out);
  expect(out).toContain(`The run is paused. To go on: npm run invite -- --resume ${id}`);
  expect(await stateOf(id)).toBe('paused');
  const invited = (await invitations()).length;
  const resumed = await invite('--resume', id, '--json');
  expect(resumed.code).toBe(0);
  expect(JSON.parse(resumed.out)).toMatchObject({ run: id, invited: 30 });
  expect((await invitations()).length).toBeGreaterThan(invited);
  const { users, mails } = await tenant.state();
  for (let row = 0; row < 30; row++) {
    const address = `cut${row}@fabrikam.com`;
    expect(users.filter(({ mail }) => mail === address)).toHaveLength(1);
    expect(mails.filter(({ to }) => to.includes(address))).toHaveLength(1);
  }
  const events = await inStore((db) =>
    db
      .selectFrom('audit_event')
      .select('action')
      .where('actor', '=', 'command')
      .where('action', 'in', ['run.paused', 'run.resumed'])
      .orderBy('id')
      .execute(),
  );
  expect(events.map(({ action }) => action)).toEqual(['run.paused', 'run.resumed']);
});

test.each([
  [
    'a character that is not UTF-8',
    Buffer.from('Email,DisplayName\na@fabrikam.com,J\xf6rg\n', 'latin1'),
    'Line 2, character 17:',
  ],
  ['no heading that is known', 'Colour,Size\nred,3\n', "Line 1: The first line doesn't have the headings"],
  ['an open quotation mark', 'Email,DisplayName\na@fabrikam.com,"Ana\n', 'Line 2'],
  ['nothing', '', 'The file is empty'],
])('a file with %s is refused by a sentence', async (_what, content, said) => {
  const { code, out, err } = await invite(await file('bad.csv', content), '--json');
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(said);
});

test('a file that is not there, and a run that is not', async () => {
  expect(await invite(join(folder, 'nowhere.csv'))).toEqual({
    code: 2,
    out: '',
    err: expect.stringContaining("nowhere.csv can't be read") as string,
  });
  const unknown = await invite('--resume', '00000000-0000-4000-8000-000000000000');
  expect(unknown).toEqual({ code: 2, out: '', err: "There's no such run.\n" });
});

test.each([
  [['a.csv', 'b.csv', '--grants', 'file']],
  [['a.csv', '--message', 'x'.repeat(501)]],
  [['a.csv', '--resume', '00000000-0000-4000-8000-000000000000']],
  [['a.csv', '--yaml']],
])('%j is answered with how it is used', async (args) => {
  expect(await invite(...args)).toEqual({
    code: 2,
    out: '',
    err: expect.stringContaining('Usage: npm run invite --') as string,
  });
});

test('a partner that the policy does not have', async () => {
  const { code, err } = await invite(await file('partner.csv', people(1, 'partner')), '--partner', 'nobody');
  expect(code).toBe(2);
  expect(err).toContain('the policy has no partner nobody');
});

onEmbedded('an embedded store that a portal has open is left alone, and the page is named', async () => {
  const path = await file('locked.csv', people(1, 'locked'));
  const store = await openStore(database, createLog('silent'));
  const { code, out, err } = await invite(path);
  await store.close();
  expect([code, out]).toEqual([69, '']);
  expect(err).toContain('/admin/bulk');
});

test('a database that cannot be reached is named as the reason', async () => {
  const path = await file('down.csv', people(1, 'down'));
  const { code, err } = await (await start([path], { DATABASE_URL: 'postgres://127.0.0.1:1/portal' })).ended;
  expect(code).toBe(69);
  expect(err).toContain("can't be reached");
});
