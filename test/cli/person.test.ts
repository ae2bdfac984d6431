import { execFile } from 'node:child_process';
import { createLog } from '../../src/log.js';
import { openStore } from '../../src/store/database.js';
import type { Db } from '../../src/store/schema.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { built } from '../support/built.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startPortal } from '../support/portal.js';
import { waitFor } from '../support/waitFor.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.remove());

const onEmbedded = process.env.DATABASE_URL ? test.skip : test;
// Only there may another process work on the store of a portal that runs.
const onPostgres = process.env.DATABASE_URL ? test : test.skip;

/** Works on the store and closes it: the command opens it by itself. */
async function inStore<T>(work: (db: Db) => Promise<T>): Promise<T> {
  const store = await openStore(database, createLog('silent'));
  try {
    return await work(store.db);
  } finally {
    await store.close();
  }
}

type Ended = { code: unknown; out: string; err: string };

/** Runs the command as a process of its own, with nothing set but where the store is. */
const person = (...args: string[]) =>
  run({ DATABASE_URL: database.databaseUrl ?? '', DATA_DIR: database.dataDir }, ...args);

async function run(settings: Record<string, string>, ...args: string[]): Promise<Ended> {
  const command = [await built('cli/person'), ...args];
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      command,
      { env: { PATH: process.env.PATH, ...settings } },
      (error, out, err) => {
        resolve({ code: error ? error.code : 0, out, err });
      },
    );
    child.stdin?.end();
  });
}

test('the export has all of one person in JSON, whatever the case of the address, and nothing of another', async () => {
  const mine = aRequest({ browser_hash: Buffer.alloc(32, 7) });
  await inStore(async (db) => {
    await db.deleteFrom('request').execute();
    await insertARequest(db, mine);
    await insertARequest(db, aRequest({ address: 'other@fabrikam.com', first_name: 'Other' }));
  });
  const { code, out, err } = await person('export', 'ANA@Fabrikam.COM', '--json');
  expect([code, err]).toEqual([0, '']);
  const data = JSON.parse(out) as { address: string; requests: Record<string, unknown>[] };
  expect(data).toMatchObject({
    address: 'ana@fabrikam.com',
    requests: [
      { id: mine.id, first_name: 'Ana', company: 'Fabrikam', state: 'queued', steps: [], notices: [] },
    ],
    mailbox: null,
    sessions: [],
    policyVersions: [],
    guests: [],
  });
  expect(data.requests[0]?.events).toMatchObject([{ action: 'request.submitted', requestId: mine.id }]);
  expect(out).not.toMatch(/other|token_hash|browser_hash|lease_/i);
  const exported = await inStore((db) =>
    db.selectFrom('audit_event').select('detail').where('action', '=', 'privacy.exported').execute(),
  );
  expect(exported).toEqual([{ detail: { kind: 'applicant' } }]);
});

test('erasing says what there is, needs to be confirmed, and says what remains elsewhere', async () => {
  const guest_id = crypto.randomUUID();
  const request = aRequest({ state: 'provisioned', due_at: null, guest_id });
  await inStore(async (db) => {
    await db.deleteFrom('request').execute();
    await insertARequest(db, request);
  });
  const asked = await person('erase', 'ana@fabrikam.com');
  expect(asked).toMatchObject({ code: 64, out: '', err: expect.stringContaining('use --yes') as string });
  expect(asked.err).toContain(`Request ${request.id}: provisioned`);
  const address = () => inStore((db) => db.selectFrom('request').select('address').executeTakeFirstOrThrow());
  expect(await address()).toEqual({ address: 'ana@fabrikam.com' });
  const { code, out } = await person('erase', 'ana@fabrikam.com', '--yes');
  expect(code).toBe(0);
  expect(out).toContain('Anonymised 1 requests, 0 of which were open');
  expect(out).toContain(`https://graph.microsoft.com/v1.0/users/${guest_id}`);
  expect(out).not.toContain('ana@');
  expect(await address()).toEqual({ address: `anonymised-${request.id}@fabrikam.com` });
  const again = await person('erase', 'ana@fabrikam.com', '--yes');
  expect(again).toMatchObject({
    code: 0,
    err: expect.stringContaining('No request has this address') as string,
  });
});

test.each([
  [[]],
  [['erase']],
  [['obey', 'ana@fabrikam.com']],
  [['export', 'ana@fabrikam.com', '--yes']],
  [['erase', 'ana@fabrikam.com', '--json']],
  [['export', 'ana@fabrikam.com', 'bo@fabrikam.com']],
  [['export', 'ana']],
  [['erase', 'ana+news@fabrikam.com', '--yes']],
  [['export', 'ana@fabrikam.com', '--nothing']],
])('%j is answered with how it is used', async (args) => {
  expect(await person(...args)).toEqual({
    code: 64,
    out: '',
    err: expect.stringContaining('Usage: npm run person --') as string,
  });
});

onEmbedded('an embedded store that a portal has open is left alone', async () => {
  const store = await openStore(database, createLog('silent'));
  const { code, out, err } = await person('erase', 'ana@fabrikam.com', '--yes');
  await store.close();
  expect([code, out]).toEqual([69, '']);
  expect(err).toContain('Stop the portal first');
});

onPostgres('a portal that runs goes on beside it', async () => {
  const portal = await startPortal();
  try {
    const visitor = portal.visitor();
    const path = await visitor.apply();
    await waitFor('the request', async () => (await visitor.status(path)).status === 'answered');
    const settings = { DATABASE_URL: portal.deps.config.databaseUrl ?? '' };
    expect((await run(settings, 'export', 'ana@fabrikam.com')).out).toContain('"first_name": "Ana"');
    expect((await run(settings, 'erase', 'ana@fabrikam.com', '--yes')).code).toBe(0);
    expect((await visitor.get(path)).text).toContain('This request is closed');
    const anew = await visitor.apply();
    expect(anew).not.toBe(path);
  } finally {
    await portal.close();
  }
});

test('a database that cannot be reached is named as the reason', async () => {
  const { code, err } = await run(
    { DATABASE_URL: 'postgres://127.0.0.1:1/portal' },
    'export',
    'ana@fabrikam.com',
  );
  expect(code).toBe(69);
  expect(err).toContain("can't be reached");
});
