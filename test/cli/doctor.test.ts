import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openStore, type Store } from '../../src/store/database.js';
import { createLog } from '../../src/log.js';
import { aPartner, aPolicy, GROUPS } from '../support/aPolicy.js';
import { built } from '../support/built.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { portalSettings } from '../support/portal.js';
import { startTenant, type Tenant } from '../support/tenant.js';

// The command as a process of its own: its exit code, what it prints, and that it leaves a running portal alone.

type Ended = { code: number; stdout: string; stderr: string };
type Said = { check: string; level: string; code: string; text: string; advice: string | null };

const POLICY = aPolicy({
  groups: {
    partners: { id: GROUPS.partners, name: 'All partners' },
    crm: { id: GROUPS.crm, name: 'CRM users' },
  },
  partners: [aPartner({ apps: ['crm', 'wiki'] })],
});

let tenant: Tenant;
let database: TestDatabase;
let policyFile: string;

beforeAll(async () => {
  [tenant, database] = await Promise.all([startTenant(), createTestDatabase({ empty: true })]);
  policyFile = join(database.dataDir, 'partners.json');
});
afterAll(async () => {
  await tenant.close();
  await database.remove();
});
beforeEach(() => writeFile(policyFile, JSON.stringify(POLICY)));

async function doctor(args: string[] = [], env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [await built('cli/doctor'), ...args], {
    env: {
      PATH: process.env.PATH,
      ...portalSettings(tenant, true),
      SESSION_SECRET: 'x'.repeat(32),
      DATABASE_URL: database.databaseUrl ?? '',
      DATA_DIR: database.dataDir,
      POLICY_FILE: policyFile,
      NODE_EXTRA_CA_CERTS: tenant.caFile,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

async function findings(
  env: Record<string, string> = {},
): Promise<{ code: number; said: Said[]; worse: string[] }> {
  const { code, stdout } = await doctor(['--json'], env);
  const said = (JSON.parse(stdout) as { findings: Said[] }).findings;
  return {
    code,
    said,
    worse: said.filter(({ level }) => level !== 'good').map((one) => `${one.check}.${one.code}`),
  };
}

test('a store that no portal of this version has opened is found so, and left so', async () => {
  for (let time = 0; time < 2; time += 1) {
    const { code, worse } = await findings();
    expect(worse).toEqual(['store.behind', 'invitations.forbidden']);
    expect(code).toBe(0);
  }
});

describe('with a store in use', () => {
  let store: Store;
  beforeAll(async () => {
    store = await openStore(database, createLog('silent'));
  });
  afterAll(() => store.close());

  test('each finding is a sentence with a mark, worse ones first and with what to do', async () => {
    await tenant.settings({ allowInvitesFrom: 'none', permissions: ['User.Invite.All', 'Policy.Read.All'] });
    const { code, stdout, stderr } = await doctor();
    await tenant.settings({
      allowInvitesFrom: 'everyone',
      permissions: [
        'User.Invite.All',
        'GroupMember.ReadWrite.All',
        'User.Read.All',
        'AppRoleAssignment.ReadWrite.All',
        'Application.Read.All',
      ],
    });
    expect(code).toBe(1);
    expect(stderr).toBe('');
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^✗ /);
    expect(stdout).toContain('✗ Permissions: User.Read.All is missing. The portal needs it to see whether');
    expect(stdout).toContain('    Add the Microsoft Graph application permission User.Read.All');
    expect(stdout).toContain(
      "✗ Who may invite: The tenant doesn't let anyone invite guests (allowInvitesFrom is none).",
    );
    expect(stdout).toMatch(/^✓ Email: The mail server localhost:\d+ accepts the portal's sign-in\.$/m);
    expect(stdout.trimEnd()).toMatch(/\n5 bad, 0 warning, \d unknown, \d+ good$/);
  });

  test('a portal that runs on the embedded store is left alone, one on PostgreSQL shares it', async () => {
    await tenant.settings({ redirectUris: ['https://portal.contoso.com/auth/callback'] });
    const { code, said, worse } = await findings({ BASE_URL: 'https://portal.contoso.com' });
    expect(code).toBe(0);
    const own = database.databaseUrl === null;
    expect(worse).toEqual([...(own ? ['store.inUse'] : []), 'invitations.forbidden']);
    const use = said.find((one) => one.code === 'inUse');
    expect(use?.advice).toBe(own ? 'Open https://portal.contoso.com/admin/doctor to see them.' : undefined);
  });

  test('no secret and no token is printed', async () => {
    const { stdout } = await doctor([], { CLIENT_SECRET: 'not-the-secret-of-the-app' });
    expect(stdout).toContain('AADSTS7000215');
    expect(stdout).not.toContain('not-the-secret-of-the-app');
    expect(stdout).not.toMatch(/eyJ/);
  });
});

test('every faulty setting is a finding of its own', async () => {
  const { code, stdout, stderr } = await doctor([], {
    TENANT_ID: 'contoso',
    PORT: 'x',
    SESSION_SECRET: 'short',
    CLIENT_ID: '',
  });
  expect(code).toBe(1);
  expect(stderr).toBe('');
  for (const setting of ['TENANT_ID', 'PORT', 'SESSION_SECRET', 'CLIENT_ID']) {
    expect(stdout).toContain(`✗ Settings: ${setting} `);
  }
  expect(stdout).toContain('4 bad');
});

test('a faulty policy is found fault by fault, and the rest is examined', async () => {
  await writeFile(policyFile, JSON.stringify({ ...POLICY, unlisted: 'maybe' }));
  const { code, said, worse } = await findings();
  expect(code).toBe(1);
  expect(worse).toContain('policy.fault');
  expect(said.find((one) => one.code === 'fault')?.text).toContain('unlisted');
  expect(said.some((one) => one.check === 'graph' && one.code === 'answers')).toBe(true);
});

test('a policy that requires mailed codes where no mail server is set: one of the two must change', async () => {
  await writeFile(policyFile, JSON.stringify({ ...POLICY, partners: [aPartner({ proof: 'mailbox' })] }));
  const { code, said } = await findings({ SMTP_URL: '' });
  expect(code).toBe(1);
  const found = said.filter((one) => one.check === 'policy');
  expect(found.map((one) => one.code)).toEqual(['needsMail']);
  expect(found[0]?.text).toContain('partners[0].proof');
  expect(found[0]?.advice).toMatch(/^Set SMTP_URL, or fix the file\. /);

  await writeFile(policyFile, JSON.stringify({ ...POLICY, unlisted: 'maybe' }));
  const other = (await findings({ SMTP_URL: '' })).said.find((one) => one.check === 'policy');
  expect([other?.code, other?.advice]).toEqual(['fault', expect.stringMatching(/^Fix the file\. /)]);
});

test('a policy that is not there is a finding', async () => {
  await rm(policyFile);
  expect((await findings()).worse).toContain('policy.fault');
});

test('a database that is down is a finding', async () => {
  const { code, worse } = await findings({ DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' });
  expect(code).toBe(1);
  expect(worse).toContain('store.down');
});

test('where no portal has ever started, no store is made', async () => {
  const empty = join(database.dataDir, 'empty');
  const { worse } = await findings({ DATABASE_URL: '', DATA_DIR: empty });
  expect(worse).toContain('store.notMade');
  expect((await findings({ DATABASE_URL: '', DATA_DIR: empty })).worse).toContain('store.notMade');
});

test('what it does not understand is answered with its usage', async () => {
  const { code, stderr } = await doctor(['--yaml']);
  expect(code).toBe(64);
  expect(stderr).toContain('npm run doctor');
});
