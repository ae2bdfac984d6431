import { rootCertificates } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { examineStore } from '../../src/doctor/checks/store.js';
import { createLog } from '../../src/log.js';
import { openStore } from '../../src/store/database.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startIdentityEndpoint, type IdentityEndpoint } from '../support/identityEndpoint.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { startTokenGate, type TokenGate } from '../support/tokenGate.js';

// The gate stands before a PostgreSQL; nobody signs in to the embedded store.
const onPostgres = process.env.DATABASE_URL ? describe : describe.skip;
const RESOURCE = 'https://ossrdbms-aad.database.windows.net';

onPostgres('what the doctor says of a database to which an identity signs in', () => {
  let portal: TestPortal;
  let database: TestDatabase;
  let endpoint: IdentityEndpoint;
  let gate: TokenGate;

  beforeAll(async () => {
    [portal, database, endpoint] = await Promise.all([
      startPortal({ worker: false }),
      createTestDatabase(),
      startIdentityEndpoint(),
    ]);
    gate = await startTokenGate({
      databaseUrl: database.databaseUrl ?? '',
      folder: database.dataDir,
      user: 'portal-site',
      accepts: (token) => endpoint.accepts(token, RESOURCE),
    });
  });
  afterEach(() => {
    endpoint.trouble = null;
    gate.refusal = null;
  });
  afterAll(async () => {
    await portal.close();
    await gate.close();
    await endpoint.close();
    await database.remove();
  });

  async function finding(databaseUrl = gate.url()) {
    const config = {
      ...portal.deps.config,
      databaseUrl,
      databaseSignIn: 'managedIdentity' as const,
      managedIdentity: endpoint.identity,
    };
    const store = await openStore(config, createLog('silent'), { migrate: false });
    try {
      const [first] = await examineStore({ ...portal.deps, config, store }, AbortSignal.timeout(10_000));
      return first;
    } finally {
      await store.close();
    }
  }

  test('that it answers', async () => {
    expect(await finding()).toMatchObject({ code: 'postgres' });
  });

  test('that the machine gives no token for it', async () => {
    endpoint.trouble = { status: 400, body: { message: 'No managed identity found' } };
    const found = await finding();
    expect(found).toMatchObject({ code: 'noToken', level: 'bad' });
    expect(found?.values.message).toContain('No managed identity found');
  });

  test('that it does not know the identity', async () => {
    gate.refusal = { code: '28P01', message: 'password authentication failed' };
    expect(await finding()).toMatchObject({ code: 'refused', level: 'bad' });
  });

  test('that it is another', async () => {
    expect(await finding(gate.url({ host: '127.0.0.1' }))).toMatchObject({ code: 'untrusted', level: 'bad' });
  });
});

// https://learn.microsoft.com/azure/postgresql/security/security-tls: the authorities of Azure’s servers.
test.each(['DigiCert Global Root G2', 'Microsoft RSA Root Certificate Authority 2017'])(
  'Node trusts %s by itself, so that sslmode=verify-full needs no file on Azure',
  (name) => {
    const subjects = rootCertificates.map((pem) => new X509Certificate(pem).subject);
    expect(subjects.filter((subject) => subject.endsWith(`CN=${name}`))).toHaveLength(1);
  },
);
