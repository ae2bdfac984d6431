import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { tenantOfDomain } from '../../src/entra/tenantOfDomain.js';
import { startTenant, type Tenant } from '../support/tenant.js';
import { waitFor } from '../support/waitFor.js';

const TID = 'aaaaaaaa-0000-4000-8000-000000000001';

describe('the simulated Entra', () => {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await startTenant();
  });
  afterAll(() => tenant.close());

  test('a registered domain has its tenant, however it is written', async () => {
    const own = await tenantOfDomain(tenant, 'contoso.com');
    expect(own).toEqual({ kind: 'found', tenantId: tenant.tenantId });
    expect(await tenantOfDomain(tenant, ' Contoso.COM ')).toEqual(own);
    const partner = await tenantOfDomain(tenant, 'fabrikam.com');
    expect(partner.kind).toBe('found');
    expect(partner).not.toEqual(own);
  });

  test('an unregistered domain has none', async () => {
    expect(await tenantOfDomain(tenant, 'nobody-has-this.example')).toEqual({ kind: 'none' });
  });
});

describe('an authority that is not what it should be', () => {
  const asked: string[] = [];
  const servers: https.Server[] = [];

  /** An HTTPS server on this machine that the test process trusts. */
  async function authority(answer: RequestListener): Promise<{ authorityUrl: string }> {
    const cache = 'node_modules/.cache/simulator';
    const folder = (await readdir(cache)).filter((name) => name.startsWith('until-')).sort();
    const at = join(cache, folder.at(-1) ?? '');
    const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((name) => readFile(join(at, name))));
    const server = https.createServer({ key, cert }, (request, response) => {
      asked.push(request.url ?? '');
      answer(request, response);
    });
    server.listen(0);
    await once(server, 'listening');
    servers.push(server);
    return { authorityUrl: `https://localhost:${(server.address() as AddressInfo).port}` };
  }

  const json = (status: number, body: unknown): RequestListener =>
    function answer(_request, response) {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };

  beforeEach(() => asked.splice(0));
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  const issuers: [string, (own: string) => string, object][] = [
    ['its own issuer', (own) => `${own}/${TID}/v2.0`, { kind: 'found', tenantId: TID }],
    [
      "the public cloud's issuer",
      () => `https://login.microsoftonline.com/${TID.toUpperCase()}/v2.0`,
      { kind: 'found', tenantId: TID },
    ],
    [
      'the tenant of personal accounts',
      () => 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
      { kind: 'none' },
    ],
    ...[
      (own: string) => `${own}/{tenantid}/v2.0`,
      (own: string) => `${own}/${TID}/v2.0/`,
      (own: string) => `${own}/${TID}`,
      (own: string) => `${own}/x/${TID}/v2.0`,
      (own: string) => `${own}.evil.example/${TID}/v2.0`,
      () => `http://login.microsoftonline.com/${TID}/v2.0`,
      () => `https://login.microsoftonline.com.evil.example/${TID}/v2.0`,
      () => `https://evil.example/${TID}/v2.0`,
      () => `https://sts.windows.net/${TID}/`,
      () => '',
    ].map((issuer): [string, (own: string) => string, object] => [
      `issuer ${issuer('OWN')}`,
      issuer,
      { kind: 'unreachable', why: 'unexpectedAnswer' },
    ]),
  ];
  test.each(issuers)('%s', async (_name, issuer, expected) => {
    let own = '';
    const settings = await authority((request, response) => {
      json(200, { issuer: issuer(own) })(request, response);
    });
    own = settings.authorityUrl;
    expect(await tenantOfDomain(settings, 'fabrikam.com')).toEqual(expected);
  });

  const unexpected: [string, RequestListener][] = [
    ['another refusal', json(400, { error: 'invalid_request', error_description: 'AADSTS90002: no' })],
    ['invalid_tenant with another status', json(500, { error: 'invalid_tenant' })],
    ['an issuer with another status', json(404, { issuer: `https://login.microsoftonline.com/${TID}/v2.0` })],
    ['no issuer', json(200, {})],
    ['an issuer that is no text', json(200, { issuer: [TID] })],
    ['null', json(200, null)],
    ['HTML', (_request, response) => void response.end('<!doctype html><h1>Welcome</h1>')],
    ['nothing', (_request, response) => void response.end()],
  ];
  test.each(unexpected)('%s is not an answer', async (_name, answer) => {
    expect(await tenantOfDomain(await authority(answer), 'fabrikam.com')).toEqual({
      kind: 'unreachable',
      why: 'unexpectedAnswer',
    });
  });

  test('1.3.6 a redirect is not followed, wherever it leads', async () => {
    const elsewhere: string[] = [];
    const inner = createServer((request, response) => {
      elsewhere.push(request.url ?? '');
      response.end('{}');
    }).listen(0);
    await once(inner, 'listening');
    const target = `http://localhost:${(inner.address() as AddressInfo).port}/`;
    const settings = await authority((_request, response) => {
      response.writeHead(302, { location: target }).end();
    });
    expect(await tenantOfDomain(settings, 'fabrikam.com')).toEqual({ kind: 'unreachable', why: 'noAnswer' });
    expect(elsewhere).toEqual([]);
    inner.close();
  });

  test('1.3.6 an endless answer is cut off at 64 KB', async () => {
    let sent = 0;
    let cut = false;
    const settings = await authority((_request, response) => {
      const send = () => {
        while (!response.destroyed && sent < 1e9) {
          sent += 16_384;
          if (!response.write(Buffer.alloc(16_384, ' '))) return void response.once('drain', send);
        }
      };
      response.on('close', () => (cut = true));
      send();
    });
    expect(await tenantOfDomain(settings, 'fabrikam.com')).toEqual({
      kind: 'unreachable',
      why: 'unexpectedAnswer',
    });
    // What is on its way in the connection's buffers comes on top.
    expect(sent).toBeLessThan(16 * 1024 * 1024);
    await waitFor('the connection to be cut', () => cut);
  });

  test('1.3.6 an answer that trickles is given up after five seconds', async () => {
    const settings = await authority((_request, response) => {
      const trickle = setInterval(() => {
        response.write(' ');
      }, 200);
      response.on('close', () => {
        clearInterval(trickle);
      });
    });
    const started = performance.now();
    expect(await tenantOfDomain(settings, 'fabrikam.com')).toEqual({ kind: 'unreachable', why: 'timeout' });
    expect(performance.now() - started).toBeGreaterThan(4_500);
  });

  test('nobody who answers is unreachable, and is asked again next time', async () => {
    let up = false;
    const settings = await authority((request, response) => {
      if (up) json(400, { error: 'invalid_tenant' })(request, response);
      else request.socket.destroy();
    });
    expect(await tenantOfDomain(settings, 'fabrikam.com')).toEqual({ kind: 'unreachable', why: 'noAnswer' });
    up = true;
    expect(await tenantOfDomain(settings, 'fabrikam.com')).toEqual({ kind: 'none' });
  });

  test('what was learnt is not asked again', async () => {
    const settings = await authority(json(400, { error: 'invalid_tenant' }));
    for (let time = 0; time < 3; time += 1) await tenantOfDomain(settings, 'fabrikam.com');
    expect(asked).toEqual(['/fabrikam.com/v2.0/.well-known/openid-configuration']);
  });

  test('a thousand domains are remembered, not more', async () => {
    const settings = await authority(json(400, { error: 'invalid_tenant' }));
    for (let each = 0; each <= 1_000; each += 1) await tenantOfDomain(settings, `d${each}.example`);
    await tenantOfDomain(settings, 'd1000.example');
    expect(asked).toHaveLength(1_001);
    await tenantOfDomain(settings, 'd0.example');
    expect(asked).toHaveLength(1_002);
  });

  test.each([
    'common',
    'organizations',
    'localhost',
    '127.0.0.1',
    '../common',
    'fabrikam.com/../common',
    'fabrikam.com?x=y',
    'fabrikam.com#',
    'a@fabrikam.com',
    'fabrikam.com:443',
    'fabrikam..com',
    '*.fabrikam.com',
    '',
    'x'.repeat(300),
  ])('1.3.6 %j is no domain, and nobody is asked', async (domain) => {
    const settings = await authority(json(200, {}));
    expect(await tenantOfDomain(settings, domain)).toEqual({ kind: 'none' });
    expect(asked).toEqual([]);
  });

  test('a caller may give up', async () => {
    const settings = await authority(() => undefined);
    const signal = AbortSignal.timeout(50);
    expect(await tenantOfDomain(settings, 'fabrikam.com', signal)).toEqual({
      kind: 'unreachable',
      why: 'noAnswer',
    });
  });
});
