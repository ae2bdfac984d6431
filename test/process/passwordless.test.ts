import { execFile } from 'node:child_process';
import { sql } from 'kysely';
import { createLog } from '../../src/log.js';
import { isStoreDown, openStore, type Store } from '../../src/store/database.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startIdentityEndpoint, type IdentityEndpoint } from '../support/identityEndpoint.js';
import { startTokenGate, type GateOptions, type TokenGate } from '../support/tokenGate.js';
import { built } from '../support/built.js';
import { waitFor } from '../support/waitFor.js';

// The gate stands before a PostgreSQL; the embedded store has nobody who signs in.
const onPostgres = process.env.DATABASE_URL ? describe : describe.skip;
const USER = 'portal-site';
const RESOURCE = 'https://ossrdbms-aad.database.windows.net';

let database: TestDatabase;
let endpoint: IdentityEndpoint;
let gate: TokenGate;
let lines: string[];
const open: { close(): Promise<void> }[] = [];

async function openGate(options: Partial<GateOptions> = {}): Promise<TokenGate> {
  const opened = await startTokenGate({
    databaseUrl: database.databaseUrl ?? '',
    folder: database.dataDir,
    user: USER,
    accepts: (token) => endpoint.accepts(token, RESOURCE),
    ...options,
  });
  open.push(opened);
  return opened;
}

async function openBehind(url = gate.url(), migrate = true): Promise<Store> {
  const log = createLog('debug', { write: (line) => lines.push(line) });
  const store = await openStore(
    { databaseUrl: url, dataDir: '', databaseSignIn: 'managedIdentity', managedIdentity: endpoint.identity },
    log,
    { migrate },
  );
  open.unshift(store);
  return store;
}

const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
const errorOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error as Error,
  );
/** So many statements at once that each needs a connection. */
const abreast = (store: Store, count: number) =>
  Promise.all(Array.from({ length: count }, () => sql`select pg_sleep(0.1)`.execute(store.db)));

onPostgres('a database that takes tokens for passwords', () => {
  beforeEach(async () => {
    lines = [];
    [database, endpoint] = await Promise.all([createTestDatabase(), startIdentityEndpoint()]);
    gate = await openGate();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
    await endpoint.close();
    await database.remove();
    // Whatever happened, it was not written down.
    for (const secret of endpoint.secrets()) expect(lines.join('')).not.toContain(secret);
  });

  test('ten connections at once come in on one token', async () => {
    const store = await openBehind();
    await abreast(store, 10);
    expect(gate.admitted).toHaveLength(10);
    expect(endpoint.asked).toEqual([RESOURCE]);
  });

  test.each([
    ['db.postgres.database.azure.com', RESOURCE],
    ['db.postgres.database.usgovcloudapi.net', 'https://ossrdbms-aad.database.usgovcloudapi.net'],
    ['db.postgres.database.chinacloudapi.cn', 'https://ossrdbms-aad.database.chinacloudapi.cn'],
    ['database.chinacloudapi.cn.contoso.com', RESOURCE],
  ])('a token for %s is issued to %s', async (host, expected) => {
    endpoint.trouble = { status: 500, body: {} };
    await errorOf(openBehind(gate.url({ host })));
    expect(endpoint.asked).toEqual([expected]);
  });

  describe('and who it is', () => {
    const refused = async (url: string) => {
      const error: NodeJS.ErrnoException | null = await errorOf(openBehind(url));
      expect(isStoreDown(error)).toBe(true);
      return error?.code ?? error?.message;
    };

    test('is believed by no authority but the one that is named', async () => {
      const other = await openGate();
      expect(await refused(gate.url({ caFile: other.caFile }))).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY/);
      expect(await refused(gate.url({ query: 'sslmode=verify-full' }))).toMatch(/SELF_SIGNED|UNABLE_TO/);
      expect(gate.offered).toEqual([]);
    });

    test('is not believed when the certificate names another', async () => {
      const elsewhere = await openGate({ names: ['db.contoso.com'] });
      expect(await refused(elsewhere.url())).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
      expect(await refused(gate.url({ host: '127.0.0.1' }))).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
      expect([...elsewhere.offered, ...gate.offered]).toEqual([]);
    });

    test('is not believed without a certificate', async () => {
      const plain = await openGate({ tls: false });
      expect(await refused(plain.url())).toMatch(/SSL/);
      expect(plain.offered).toEqual([]);
    });

    test('a file of authorities that is not there stops the start, by its name', async () => {
      const error = await errorOf(openBehind(gate.url({ caFile: '/nowhere/ca.pem' })));
      expect(error?.message).toContain('/nowhere/ca.pem');
    });
  });

  test('a token that was taken back costs nobody anything but another', async () => {
    const store = await openBehind();
    const issued = Date.now();
    await waitFor(
      'the token to be older than the pause between two calls',
      () => Date.now() > issued + 1_100,
    );
    endpoint.revoke();
    await abreast(store, 10);
    expect(endpoint.asked).toHaveLength(2);
    expect(logged().filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('a token that is taken back as soon as it is given holds the store up for a moment', async () => {
    const store = await openBehind();
    endpoint.revoke();
    gate.cut();
    const since = Date.now();
    await waitFor('the store to be back', () => errorOf(store.ping()).then((error) => error === null));
    expect(Date.now() - since).toBeLessThan(3_000);
    expect(endpoint.asked).toHaveLength(2);
  });

  test('an identity that the server does not know is told once, with what to do, and let in when it is known', async () => {
    const detail = 'x'.repeat(50);
    gate.refusal = { code: '28000', message: 'role "portal-site" does not exist', detail };
    const store = await openBehind(gate.url(), false);
    for (let time = 0; time < 5; time += 1) {
      const error = await errorOf(store.ping());
      expect(error?.message).toBe(
        'The server refuses the managed identity as portal-site: role "portal-site" does not exist',
      );
      expect(isStoreDown(error)).toBe(true);
      expect(JSON.stringify(error)).not.toContain(detail);
    }
    expect(logged().map(({ level, msg }) => [level, msg])).toEqual([
      ['error', expect.stringContaining('Entra administrator')],
    ]);
    // A flood of visitors is not a flood for the endpoint.
    expect(endpoint.asked.length).toBeLessThanOrEqual(2);
    gate.refusal = null;
    await store.ping();
    expect(logged().at(-1)).toMatchObject({ level: 'info', user: USER });
  });

  test('no connection lives on a token that has ended, however busy it is', async () => {
    endpoint.lifeSeconds = 6;
    const store = await openBehind();
    const until = Date.now() + 13_000;
    const busy = async () => {
      while (Date.now() < until) await sql`select pg_sleep(0.02)`.execute(store.db);
    };
    await Promise.all(Array.from({ length: 10 }, busy));
    for (const { token, closedAt } of gate.admitted) {
      expect(closedAt ?? Date.now()).toBeLessThan(endpoint.endOf(token) + 1_000);
    }
    // Several generations, on a few tokens, and none turned away.
    expect(gate.admitted.length).toBeGreaterThan(20);
    expect(gate.offered).toHaveLength(gate.admitted.length);
    expect(endpoint.asked.length).toBeLessThan(10);
    // Not all at one moment.
    const ends = gate.admitted.slice(0, 10).map(({ closedAt }) => closedAt ?? 0);
    expect(Math.max(...ends) - Math.min(...ends)).toBeGreaterThan(350);
  });

  test('while no token is to be had, what is open goes on, and what is new is down', async () => {
    endpoint.lifeSeconds = 3;
    const store = await openBehind();
    endpoint.trouble = { status: 500, body: { message: 'An unexpected error occurred' } };
    const ends = endpoint.endOf(gate.offered[0] ?? '');
    while (Date.now() < ends + 1_500) await sql`select pg_sleep(0.05)`.execute(store.db);
    expect(gate.admitted).toHaveLength(1);
    const [, second] = await Promise.all([
      sql`select pg_sleep(0.3)`.execute(store.db),
      errorOf(sql`select pg_sleep(0.3)`.execute(store.db)),
    ]);
    expect(second?.message).toMatch(/identity endpoint answered 500: An unexpected/);
    expect(isStoreDown(second)).toBe(true);
    expect(logged().filter(({ msg }) => String(msg).includes('gives no token'))).toHaveLength(1);
    endpoint.trouble = null;
    // Even where one connection is enough, which never asks for a token by itself.
    const old = gate.admitted.at(-1);
    expect(old?.closedAt).toBeNull();
    await waitFor('the old connection to be given up', async () => {
      await store.ping();
      return old?.closedAt;
    });
    await waitFor('the store to be whole', () => errorOf(abreast(store, 3)).then((error) => error === null));
    expect(logged().some(({ msg }) => /gives tokens .* again/.test(String(msg)))).toBe(true);
  });

  test('an endpoint that is silent holds nobody for longer than a server would', async () => {
    endpoint.trouble = 'silence';
    const store = await openBehind(gate.url(), false);
    const started = Date.now();
    expect(isStoreDown(await errorOf(store.ping()))).toBe(true);
    expect(Date.now() - started).toBeLessThan(7_000);
    // Until its call is given up, with nobody left to hear of it.
    await waitFor('the call to be given up', () => lines.length > 0);
    endpoint.trouble = null;
    await waitFor('the store to be back', () => errorOf(store.ping()).then((error) => error === null));
  });

  test('a start waits for a first token that takes longer than a connection may', async () => {
    endpoint.delayMs = 6_000;
    await (await openBehind()).ping();
    expect(gate.offered).toHaveLength(gate.admitted.length);
  });

  test('commands sign in the same way', async () => {
    await (await openBehind()).close();
    open.shift();
    const command = [await built('cli/audit'), 'verify'];
    const run = (more: Record<string, string> = {}) => {
      const env = { PATH: process.env.PATH, ...endpoint.env, DATABASE_URL: gate.url(), ...more };
      return new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
        execFile(process.execPath, command, { env }, (error, out, err) => {
          resolve({ code: error ? error.code : 0, out, err });
        });
      });
    };
    const seen = gate.admitted.length;
    expect(await run()).toMatchObject({ code: 0, err: '' });
    expect(gate.admitted.length).toBeGreaterThan(seen);
    gate.refusal = { code: '28P01', message: 'The access token is not valid' };
    const { code, err } = await run();
    expect(code).not.toBe(0);
    expect(err).toMatch(
      /^The database can't be reached: The server refuses the managed identity as portal-site/,
    );
    for (const secret of endpoint.secrets()) expect(err).not.toContain(secret);

    // What an environment says of TLS, of the password and the port is for other programs.
    const offered = gate.offered.length;
    const loose = { NODE_TLS_REJECT_UNAUTHORIZED: '0', PGSSLMODE: 'disable', PGPASSWORD: 'p', PGPORT: '1' };
    const untrusted = gate.url({ query: 'sslmode=verify-full' });
    expect((await run({ ...loose, DATABASE_URL: untrusted })).err).toMatch(/certificate/);
    expect(gate.offered).toHaveLength(offered);
    gate.refusal = null;
    expect((await run({ PGSSLMODE: 'disable', PGPASSWORD: 'p', PGPORT: '1' })).code).toBe(0);
  });
});
