import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { formatHead } from '../../src/audit/chain.js';
import { createLog } from '../../src/log.js';
import { findLastSeal } from '../../src/store/auditSeals.js';
import { openStore } from '../../src/store/database.js';
import type { Db } from '../../src/store/schema.js';
import { aTrail, emptyTrail, tamper } from '../support/auditTrail.js';
import { built } from '../support/built.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.remove());

const onEmbedded = process.env.DATABASE_URL ? test.skip : test;

/** Works on the store and closes it: the command opens it by itself. */
async function prepare<T>(work: (db: Db) => Promise<T>): Promise<T> {
  const store = await openStore(database, createLog('silent'));
  try {
    await emptyTrail(store.db);
    return await work(store.db);
  } finally {
    await store.close();
  }
}

/** Runs the command as a process of its own, with nothing set but where the store is. */
async function audit(...args: string[]): Promise<Ended> {
  return run({ DATABASE_URL: database.databaseUrl ?? '', DATA_DIR: database.dataDir }, ...args);
}

type Ended = { code: unknown; out: string; err: string };

async function run(settings: Record<string, string>, ...args: string[]): Promise<Ended> {
  const command = [await built('cli/audit'), ...args];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      command,
      { env: { PATH: process.env.PATH, ...settings } },
      (error, out, err) => {
        resolve({ code: error ? error.code : 0, out, err });
      },
    );
  });
}

test('a trail in order is reported as such, with the head, which `head` prints alone', async () => {
  const head = await prepare(async (db) => {
    await aTrail(db, 3);
    return findLastSeal(db);
  });
  const text = head ? formatHead(head) : '';
  expect(await audit('verify')).toEqual({
    code: 0,
    out: `3 sealed events: intact.\nHead: ${text}\n`,
    err: '',
  });
  expect(await audit('head')).toEqual({ code: 0, out: `${text}\n`, err: '' });
  expect(await audit('verify', '--head', text)).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^3 sealed events, against the head 3: intact\.\n/) as string,
  });
});

test('every finding is a line, and the exit code says that there are some', async () => {
  const head = await prepare(async (db) => {
    await aTrail(db, 8);
    const noted = await findLastSeal(db);
    await tamper(
      db,
      `update audit_event set actor = 'x' where id = 2`,
      `delete from audit_event where id = 4 or id > 6`,
      `delete from audit_seal where seq > 6`,
    );
    return noted;
  });
  const { code, out } = await audit('verify', '--head', head ? formatHead(head) : '');
  expect(code).toBe(1);
  expect(out.split('\n').slice(0, 4)).toEqual([
    'seq 2 (event 2): the event was edited',
    'seq 4 (event 4): the event was deleted',
    'seq 7 to 8: cut off after the head was noted',
    '6 sealed events, against the head 8: 3 findings.',
  ]);
});

test('the export has every event of a period with its seal, oldest first', async () => {
  await prepare((db) => aTrail(db, 3));
  const { code, out } = await audit('export', '--jsonl');
  expect(code).toBe(0);
  const events = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events).toEqual(
    [1, 2, 3].map((number) => ({
      seq: number,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      id: String(number),
      at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/) as string,
      requestId: null,
      actor: 'portal',
      action: 'request.provisioned',
      detail: `{"number": ${number}}`,
    })),
  );
  const csv = await audit('export', '--csv');
  expect(csv.out.split('\r\n')).toHaveLength(5);
  expect(csv.out).toMatch(/^seq,hash,id,at,requestId,actor,action,detail\r\n1,[0-9a-f]{64},1,/);
  expect(csv.out).toContain('"{""number"": 3}"');
  expect((await audit('export', '--to', '2020-01-01')).out).toBe('');
  expect((await audit('export', '--from', '2020-01-01', '--to', '2999-12-31')).out).toBe(out);
});

test.each([
  [[]],
  [['obey']],
  [['verify', 'everything']],
  [['verify', '--head', '12']],
  [['verify', '--csv']],
  [['export', '--csv', '--jsonl']],
  [['export', '--from', '2026-02-30']],
  [['export', '--from', 'yesterday']],
  [['head', '--nothing']],
])('%j is answered with how it is used', async (args) => {
  expect(await audit(...args)).toEqual({
    code: 64,
    out: '',
    err: expect.stringContaining('Usage: npm run audit --') as string,
  });
});

onEmbedded('an embedded store that a portal has open is left alone, and the page is named', async () => {
  const store = await openStore(database, createLog('silent'));
  const { code, out, err } = await audit('verify');
  await store.close();
  expect([code, out]).toEqual([69, '']);
  expect(err).toContain('/admin/audit');
});

test('where there is no store, none is made and found in order', async () => {
  const empty = { DATABASE_URL: '', DATA_DIR: join(database.dataDir, 'empty') };
  for (const command of ['verify', 'head', 'verify']) {
    expect(await run(empty, command)).toEqual({
      code: 69,
      out: '',
      err: expect.stringContaining("DATABASE_URL isn't set") as string,
    });
  }
});

test('a database that cannot be reached is named as the reason', async () => {
  expect(await run({ DATABASE_URL: 'postgres://127.0.0.1:1/portal' }, 'head')).toEqual({
    code: 69,
    out: '',
    err: expect.stringContaining("can't be reached") as string,
  });
});
