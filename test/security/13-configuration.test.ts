import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { promisify } from 'node:util';
import { loadConfig } from '../../src/config.js';
import { DOCTOR_PERMISSIONS, PERMISSIONS } from '../../src/graph/permissions.js';
import { DEVELOPMENT_SECRET } from '../../src/settings.js';
import { signUpUntil } from '../support/journey.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { filled, routesWith } from './walk.js';

// OWASP ASVS 5.0.0, chapter 13: what the portal may do, what it must not tell, and what it must not serve.

const SECRETS = { CLIENT_SECRET: 'simulated-secret', SESSION_SECRET: 'kept-secret-0123456789-0123456789-01' };

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({ env: { SESSION_SECRET: SECRETS.SESSION_SECRET } });
});
afterAll(() => portal.close());

describe('13.2.2 permissions', () => {
  // A change that needs more changes this list first, and docs/registration.md with it.
  const ALWAYS = ['User.Invite.All', 'GroupMember.ReadWrite.All', 'User.Read.All'];
  const FOR_APP_ROLES = ['AppRoleAssignment.ReadWrite.All', 'Application.Read.All'];

  test('13.2.2 the Graph permissions that are asked for equal the committed list, and docs/registration.md names them', async () => {
    const named = (when: string) => PERMISSIONS.filter((one) => one.when === when).map(({ name }) => name);
    expect(named('always')).toEqual(ALWAYS);
    expect(named('appRoles')).toEqual(FOR_APP_ROLES);
    const guide = await readFile('docs/registration.md', 'utf8');
    for (const name of [...ALWAYS, ...FOR_APP_ROLES, ...DOCTOR_PERMISSIONS])
      expect(guide).toContain(`\`${name}\``);
  });

  test('13.2.2 with the least of them and nothing else a sign-up ends with a guest', async () => {
    await portal.tenant.settings({ permissions: ALWAYS });
    await signUpUntil(portal, 'provisioned', 'least@fabrikam.com');
    const refused = (await portal.tenant.graphCalls()).filter(({ status }) => status === 403);
    expect(refused).toEqual([]);
  });
});

describe('13.3.1 secrets', () => {
  /** Shapes of secrets that have no business in a repository. */
  const SHAPES: [what: string, shape: RegExp][] = [
    ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
    ['a token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\./],
    ['a client secret of Entra', /\b[\w~.-]{3}[78]Q~[\w~.-]{31,34}\b/],
    ['a key of Azure', /\b[A-Za-z0-9+/]{86}==/],
    ['a connection string', /(Account|SharedAccess)Key=|DefaultEndpoints[P]rotocol=/],
    [
      'a password in an address',
      /\b(postgres(ql)?|smtps?|https?):\/\/[\w.-]+:(?!hunter2|p%40ss|secret|password|\$|…|\.\.\.)(?!\d+@)[^@\s:/'"`<>]{4,}@(?!localhost|127\.)/,
    ],
    ['a token of GitHub or npm', /\b(gh[pousr]_\w{36}|npm_\w{36})\b/],
  ];

  test('13.3.1 none in the repository or in what is packed from it', async () => {
    const run = promisify(execFile);
    const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      maxBuffer: 16e6,
    });
    const files = stdout
      .split('\0')
      .filter((name) => name !== '' && !/\.(png|svg|ico)$|package-lock/.test(name));
    expect(files.length).toBeGreaterThan(300);
    for (const name of files) {
      const text = await readFile(name, 'utf8').catch(() => '');
      for (const [what, shape] of SHAPES)
        expect([name, what, shape.exec(text)?.[0]]).toEqual([name, what, undefined]);
    }
    expect(files.filter((name) => /(^|\/)\.env$|\.pem$|\.pfx$|\.key$/.test(name))).toEqual([]);
  });

  test('13.3.1 none in the example settings, and the one for development is refused in production', async () => {
    const example = await readFile('.env.example', 'utf8');
    for (const [line, value = ''] of example.matchAll(/^#?\s*\w*SECRET\w*=(.*)$/gm)) {
      expect([line, value.trim().length < 32]).toEqual([line, true]);
    }
    const production = { NODE_ENV: 'production', BASE_URL: 'https://partners.contoso.com' };
    const ids = {
      TENANT_ID: '8a1f5c4e-6f0b-4d8e-9a53-0f2c7d9b1e10',
      CLIENT_ID: '5d3c1f72-2b9a-4c66-8f5e-71d0a4c8e902',
    };
    expect(() => loadConfig({ ...production, ...ids, CLIENT_SECRET: 'x' })).toThrow(/SESSION_SECRET/);
    expect(() =>
      loadConfig({ ...production, ...ids, CLIENT_SECRET: 'x', SESSION_SECRET: DEVELOPMENT_SECRET }),
    ).toThrow(/SESSION_SECRET/);
  });

  test('13.3.1 none in a log line or in a page, an admin’s included', async () => {
    const ada = await portal.staff('ada');
    const path = await portal.visitor().apply({ email: 'secret@fabrikam.com' });
    await signUpUntil(portal, 'provisioned', 'secret@fabrikam.com', path);
    const { id } = await portal.deps.store.db
      .selectFrom('request')
      .select('id')
      .where('address', '=', 'secret@fabrikam.com')
      .executeTakeFirstOrThrow();
    const token = path.split('/').at(-1) ?? '';
    await portal.visitor().get(path);
    const pages: string[] = [];
    for (const { path } of routesWith(portal, 'GET').filter((route) => route.path !== '/auth/callback')) {
      const { text } = await ada.get(filled(path, { id }));
      pages.push(text);
    }
    const everything = [...pages, JSON.stringify(portal.logged())];
    for (const text of everything) {
      for (const secret of [...Object.values(SECRETS), 'eyJ', '/redeem?']) expect(text).not.toContain(secret);
    }
    // The status page's address is the applicant's alone: neither the log nor an admin's page holds it.
    for (const text of everything) expect(text).not.toContain(token);
  });

  test('13.3.1 none in a message that names faulty settings', () => {
    const faulty = {
      ...SECRETS,
      SESSION_SECRET: 'hunter2',
      SMTP_URL: 'http://u:hunter2@x',
      DATABASE_URL: 'hunter2',
    };
    let message = '';
    try {
      loadConfig(faulty);
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('SESSION_SECRET');
    expect(message).not.toContain('hunter2');
  });
});

describe('13.4 files', () => {
  const HIDDEN = [
    '/.git',
    '/.git/config',
    '/.git/HEAD',
    '/.env',
    '/.env.example',
    '/.data',
    '/.data/store',
    '/data',
    '/data/store',
    '/package.json',
    '/package-lock.json',
    '/node_modules/express/package.json',
    '/src/server.ts',
    '/dist/server.js',
    '/views/status.ejs',
    '/locales/en/public.json',
    '/policies/partners.json',
    '/partners.json',
    '/policies/policy.schema.json',
    '/Dockerfile',
    '/web.config',
    '/assets',
    '/assets/',
    '/assets/.env',
    '/assets/package.json',
    '/assets/.git/config',
    '/assets/../package.json',
    '/assets/%2e%2e/package.json',
    '/assets/..%2fpackage.json',
    '/assets/..%5cpackage.json',
    '/assets/....//package.json',
    '/assets//etc/passwd',
    '/assets/%00',
    '/assets/portal.css%00.js',
    '/assets/bootstrap.min.css.map',
    '/assets/bootstrap.css.map',
    '/assets/htmx.js.map',
    '/server.js.map',
    '/server-status',
    '/metrics/../.env',
    '/debug',
    '/actuator/env',
  ];

  test.each(HIDDEN)('13.4.1 %s is not there', async (path) => {
    const { status, body } = await raw(path);
    expect([400, 404]).toContain(status);
    expect(body).not.toMatch(/"dependencies"|\[core\]|root:|SESSION_SECRET/);
  });

  test('13.4.5 the health checks tell no more than they must', async () => {
    const [alive, ready] = [await portal.visitor().get('/healthz'), await portal.visitor().get('/readyz')];
    expect(alive.body).toEqual({ status: 'ok' });
    expect(Object.keys(ready.body as object).sort()).toEqual(['policy', 'queue', 'status', 'store']);
  });

  test('13.4.6 no answer names the software or its version', async () => {
    const { headers, text } = await portal.visitor().get('/nothing');
    expect(JSON.stringify(headers)).not.toMatch(/express|node|x-powered-by/i);
    expect(text).not.toMatch(/express|node\.js|ejs|\b0\.1\.0\b/i);
  });

  /** Asks for a path as it is: clients tidy it. */
  function raw(path: string): Promise<{ status: number; body: string }> {
    const { hostname, port } = new URL(portal.url);
    return new Promise((resolve, reject) => {
      const asking = request({ hostname, port, path }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString() });
        });
      });
      asking.on('error', reject).end();
    });
  }
});
