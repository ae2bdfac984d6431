import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { aPartner, aPolicy, GROUPS } from '../support/aPolicy.js';
import { built } from '../support/built.js';
import { hashToken } from '../../src/token.js';
import { postgresPrograms, startPostgresServer, type PostgresServer } from '../support/postgresServer.js';
import { signIn, STAFF } from '../support/staff.js';
import type { Visitor } from '../support/visitor.js';
import { waitFor } from '../support/waitFor.js';
import { openSite, type PortalProcess, type Site } from './portalProcess.js';

// A backup is made of a portal at work. Work goes on, then the database is lost, and the backup is restored into an empty server.
// What has happened in between is gone from the store, and yet is there in the directory and in people's mailboxes.

const DUMP = '--format=custom --no-owner --no-privileges --exclude-table-data=session';
const RESTORE = '--no-owner --no-privileges --exit-on-error --single-transaction';
/** Longer than a dump takes, shorter than the portal waits for a mail server. */
const HANG_MS = 15_000;

const possible = Boolean(process.env.DATABASE_URL) && postgresPrograms !== null;
if (process.env.CI && process.env.DATABASE_URL && !possible) {
  throw new Error('The restore is not tried: pg_dump and initdb of PostgreSQL are missing');
}
const run = promisify(execFile);

test('the guide names the commands that are tried here', async () => {
  const guide = await readFile('docs/recovery.md', 'utf8');
  expect(guide).toContain(`pg_dump ${DUMP} --file=portal.dump "$DATABASE_URL"`);
  expect(guide).toContain(`pg_restore ${RESTORE} --dbname="$NEW_DATABASE_URL" portal.dump`);
});

(possible ? describe : describe.skip).each([
  { mode: 'the portal mails', smtp: true },
  { mode: 'Microsoft mails', smtp: false },
])('restored into an empty server, where $mode the invitations', ({ smtp }) => {
  let server: PostgresServer;
  let site: Site;
  let portal: PortalProcess;
  let restored: string;
  /** The database that the portal works with. */
  let store: string;
  /** The end of the audit trail when the database was lost. */
  let noted: string;
  let before: { head: string | undefined; code: number; said: string; against: string };
  /** Signed in before the backup was made. */
  let ada: Visitor;
  const page = new Map<string, string>();

  beforeAll(async () => {
    const partners = [aPartner(), aPartner({ id: 'litware', domains: ['litware.com'], approval: 'manual' })];
    [server, site] = await Promise.all([
      startPostgresServer(),
      openSite({ smtp, policy: aPolicy({ partners }) }),
    ]);
    portal = await site.start();
    store = site.database.databaseUrl ?? '';
    ada = portal.visitor();
    await signIn(ada, site.tenant, STAFF.ada);

    await signUp('done@fabrikam.com');
    await until('done@fabrikam.com', 'provisioned');
    await signUp('waiting@litware.com');
    await site.tenant.fault(
      smtp
        ? { on: 'smtp', fault: { kind: 'hang', ms: HANG_MS } }
        : {
            on: 'graph',
            method: 'POST',
            path: '^/invitations$',
            fault: { kind: 'hang', when: 'after', ms: HANG_MS },
          },
    );
    await signUp('mail.begun@fabrikam.com');
    await waitFor('the mail to have begun', async () => (await mailsBegun(store)) === 1);
    await site.tenant.fault({
      on: 'graph',
      path: `^/groups/${GROUPS.crm}/members`,
      times: 0,
      fault: { kind: 'status', status: 503 },
    });
    await signUp('under.way@fabrikam.com');
    await waitFor(
      'the first group',
      async () => (await guest('under.way@fabrikam.com'))?.groups.length === 1,
    );

    const dump = join(site.database.dataDir, 'portal.dump');
    await run(program('pg_dump'), [...DUMP.split(' '), `--file=${dump}`, store]);

    await site.tenant.clearFaults();
    await until('mail.begun@fabrikam.com', 'provisioned');
    await until('under.way@fabrikam.com', 'provisioned');
    await approve(ada, 'waiting@litware.com');
    await signUp('later.redeemed@fabrikam.com');
    await signUp('later.unredeemed@fabrikam.com');
    for (const name of [
      'waiting@litware.com',
      'later.redeemed@fabrikam.com',
      'later.unredeemed@fabrikam.com',
    ])
      await until(name, 'provisioned');
    await redeem('later.redeemed@fabrikam.com');
    noted = headIn((await portal.end('SIGTERM')).stdout);

    restored = await server.createDatabase('portal');
    await run(program('pg_restore'), [...RESTORE.split(' '), `--dbname=${restored}`, dump]);
    const plain = await audit('verify');
    before = {
      head: /Head: (\S+)/.exec(plain.stdout)?.[1],
      code: plain.code,
      said: plain.stdout,
      against: (await audit('verify', '--head', noted)).stdout,
    };
    portal = await site.start({ DATABASE_URL: restored });
    store = restored;
  }, 180_000);
  afterAll(async () => {
    await site.close();
    await server.close();
  });

  const program = (name: string) => join(postgresPrograms ?? '', name);
  const guest = (email: string) => site.tenant.guest(email);
  const mails = async (email: string) => (await site.tenant.mailsTo(email)).length;

  async function signUp(email: string): Promise<void> {
    page.set(email, await portal.visitor().apply({ email }));
  }
  /** What the store has: to those who have not shown that the address is theirs, the page says less. */
  async function stateOf(email: string): Promise<string | undefined> {
    const token = page.get(email)?.split('/').at(-1) ?? '';
    const { rows } = await query<{ state: string }>(
      store,
      'select state from request join submission on request_id = id where submission.token_hash = $1',
      [hashToken(token)],
    );
    return rows[0]?.state;
  }
  const until = (email: string, state: string) =>
    waitFor(`${email} to be ${state}`, async () => (await stateOf(email)) === state, 60_000);

  async function approve(who: Visitor, email: string): Promise<void> {
    const list = (await who.get('/admin/requests?state=pending')).text;
    const path = /href="(\/admin\/requests\/[0-9a-f-]{36})"/.exec(list)?.[1] ?? '';
    const version = /name="version" value="([^"]+)"/.exec((await who.get(path)).text)?.[1] ?? '';
    const answer = await who.post(`${path}/approve`, { version }, { from: path });
    if (answer.status !== 303) throw new Error(`${email} is not approved: ${answer.status} ${answer.text}`);
  }

  async function redeem(email: string): Promise<void> {
    const { id = '' } = (await guest(email)) ?? {};
    await fetch(`${site.tenant.peopleUrl}/control/users/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ accepted: true }),
    });
  }

  async function audit(...args: string[]): Promise<{ code: number; stdout: string }> {
    const env = { PATH: process.env.PATH, DATABASE_URL: restored };
    return run(process.execPath, [await built('cli/audit'), ...args], { env }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: unknown) => error as { code: number; stdout: string },
    );
  }

  async function oneGuest(email: string): Promise<void> {
    const { users } = await site.tenant.state();
    expect(users.filter(({ mail }) => mail === email)).toHaveLength(1);
  }

  test('the trail is in order, and the head that the log kept shows where it is cut', () => {
    expect(before).toMatchObject({ code: 0, said: expect.stringMatching(/: intact\./) as string });
    const seq = Number(before.head?.split(':')[0]);
    expect(Number(noted.split(':')[0])).toBeGreaterThan(seq);
    expect(before.against).toContain(
      `seq ${seq + 1} to ${noted.split(':')[0]}: cut off after the head was noted`,
    );
  });

  test('what was finished stays as it was, and nobody is written to again', async () => {
    expect(await stateOf('done@fabrikam.com')).toBe('provisioned');
    expect(await mails('done@fabrikam.com')).toBe(1);
  });

  test('what was under way goes on, with the same guest', async () => {
    await until('under.way@fabrikam.com', 'provisioned');
    await oneGuest('under.way@fabrikam.com');
    expect((await guest('under.way@fabrikam.com'))?.groups).toEqual([GROUPS.partners, GROUPS.crm]);
    // The store knows nothing of the first one, if the portal had not begun to send it.
    expect(await mails('under.way@fabrikam.com')).toBe(smtp ? 2 : 1);
  }, 90_000);

  test('a mail that had begun at the time of the backup is not sent again', async () => {
    await until('mail.begun@fabrikam.com', 'provisioned');
    await oneGuest('mail.begun@fabrikam.com');
    expect(await mails('mail.begun@fabrikam.com')).toBe(1);
  }, 90_000);

  test('whoever had signed in signs in anew', async () => {
    const again = portal.visitor();
    expect((await ada.get('/admin')).status).toBe(303);
    await signIn(again, site.tenant, STAFF.ada);
    expect((await again.get('/admin')).status).toBe(200);
  });

  test('what was approved since waits again; approving it again gives the same guest', async () => {
    expect(await stateOf('waiting@litware.com')).toBe('pending');
    const again = portal.visitor();
    await signIn(again, site.tenant, STAFF.ada);
    await approve(again, 'waiting@litware.com');
    await until('waiting@litware.com', 'provisioned');
    await oneGuest('waiting@litware.com');
    expect(await mails('waiting@litware.com')).toBe(2);
  }, 90_000);

  test.each([
    { email: 'later.redeemed@fabrikam.com', mailed: smtp ? 2 : 1 },
    { email: 'later.unredeemed@fabrikam.com', mailed: 2 },
  ])(
    '$email, of whom the store knows nothing, signs up once more and stays one guest',
    async ({ email, mailed }) => {
      expect((await portal.visitor().get(page.get(email) ?? '')).status).toBe(404);
      await signUp(email);
      await until(email, 'provisioned');
      await oneGuest(email);
      expect(await mails(email)).toBe(mailed);
    },
    90_000,
  );
});

async function query<Row extends pg.QueryResultRow>(
  databaseUrl: string,
  text: string,
  values: unknown[] = [],
) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await client.query<Row>(text, values);
  } finally {
    await client.end();
  }
}

/** How many mails, or invitations that Microsoft mails, have been noted as begun. */
async function mailsBegun(databaseUrl: string): Promise<number> {
  const text = `select from step where state = 'running' and detail ? 'begunAt'`;
  return (await query(databaseUrl, text)).rowCount ?? 0;
}

/** The last head that a portal has logged, in the form that `audit verify --head` takes. */
function headIn(stdout: string): string {
  const heads = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; seq: number; hash: string })
    .filter(({ msg }) => msg === 'audit head');
  const last = heads.at(-1);
  return `${last?.seq}:${last?.hash}`;
}
