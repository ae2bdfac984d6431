import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { Config } from '../../src/config.js';
import { MOST_LOOKED_AT } from '../../src/doctor/checks/groups.js';
import { diskFindings } from '../../src/doctor/checks/store.js';
import { examine } from '../../src/doctor/examine.js';
import type { Finding, Patient } from '../../src/doctor/finding.js';
import { createGraph } from '../../src/graph/graph.js';
import { createLog } from '../../src/log.js';
import { createMailer } from '../../src/mail/mailer.js';
import { insertPause } from '../../src/store/pauses.js';
import type { LedgerEntry } from '../../simulator/ledger.js';
import { aPartner, aPolicy, GROUPS, PORTAL, SPONSOR, WIKI } from '../support/aPolicy.js';
import { checkExchange, hasContract } from '../support/contract.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { APPROVERS, STAFF } from '../support/staff.js';

type Json = Record<string, unknown>;

const NOWHERE = '99999999-0000-4000-8000-000000000001';
const GRANTED = [
  'User.Invite.All',
  'GroupMember.ReadWrite.All',
  'User.Read.All',
  'AppRoleAssignment.ReadWrite.All',
  'Application.Read.All',
  'Policy.Read.All',
];

const { partners: partnersId, crm: crmId } = GROUPS;
const usable = { partners: { id: partnersId, name: 'All partners' }, crm: { id: crmId, name: 'CRM users' } };
const whole = (overrides: Json = {}, partner: Json = {}): object =>
  aPolicy({
    groups: usable,
    partners: [
      aPartner({
        apps: ['crm', 'wiki'],
        approvers: [APPROVERS, STAFF.lia],
        invitation: { sponsors: [SPONSOR] },
        ...partner,
      }),
    ],
    ...overrides,
  });
const withGroup = (id: string) =>
  whole({ groups: { ...usable, extra: { id, name: 'Extra' } } }, { groups: ['extra'] });
const withRole = (ids: Json) =>
  whole({
    apps: {
      crm: { name: 'CRM', url: 'https://crm.contoso.com', groups: ['partners', 'crm'] },
      wiki: { name: 'Wiki', url: 'https://wiki.contoso.com', ...WIKI, ...ids },
    },
  });

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({ worker: false, policy: whole(), env: { SESSION_SECRET: 'x'.repeat(32) } });
});
afterAll(() => portal.close());
beforeEach(async () => {
  await fetch(`${portal.tenant.peopleUrl}/control/reset`, { method: 'POST' });
  await portal.tenant.settings({ permissions: GRANTED });
  await usePolicy(whole());
});

async function usePolicy(policy: object): Promise<void> {
  await writeFile(portal.policyFile, JSON.stringify(policy));
  await portal.deps.policy.reload();
}

/** The portal's own parts, with other settings. */
function patientWith(change: Partial<Config>): Patient {
  const config = { ...portal.deps.config, ...change };
  return {
    ...portal.deps,
    config,
    graph: createGraph(config, createLog('silent')),
    mailer: createMailer(config.mail),
  };
}

const secret = (clientSecret: string, clientId = portal.tenant.clientId): Partial<Config> => ({
  graphCredential: { kind: 'clientSecret', clientId, clientSecret },
});

const named = ({ check, code }: Finding) => `${check}.${code}`;
const worse = (findings: Finding[]) => findings.filter(({ level }) => level !== 'good');
async function diagnosis(patient: Patient = portal.deps, limitMs?: number): Promise<string[]> {
  return worse(await examine(patient, limitMs)).map(named);
}

test('where nothing is wrong, everything is good', async () => {
  const findings = await examine(portal.deps);
  expect(worse(findings)).toEqual([]);
  const store = portal.deps.config.databaseUrl ? 'postgres' : 'embedded';
  expect(findings.map(named).sort()).toEqual([
    'apps.assignable',
    'graph.answers',
    'groups.usable',
    'invitations.allowed',
    'mail.ready',
    'people.found',
    'permissions.asNeeded',
    'permissions.wish',
    'permissions.wish',
    'policy.inForce',
    'queue.inTime',
    'registration.groupsNamed',
    'registration.secretValid',
    'settings.inOrder',
    `store.${store}`,
    'token.given',
  ]);
});

describe('a fault of the tenant is its own finding and no other', () => {
  const faults: [string, Json, string[]][] = [
    ...GRANTED.slice(0, 5).map((permission): [string, Json, string[]] => [
      `${permission} is missing`,
      { permissions: GRANTED.filter((one) => one !== permission) },
      ['permissions.missing'],
    ]),
    ['Policy.Read.All is missing', { permissions: GRANTED.slice(0, 5) }, ['invitations.forbidden']],
    [
      'a permission is wider than needed',
      { permissions: [...GRANTED, 'Mail.ReadWrite'] },
      ['permissions.wider'],
    ],
    [
      'a wider permission stands in for one of the list',
      { permissions: [...GRANTED.slice(0, 2), ...GRANTED.slice(3), 'User.ReadWrite.All'] },
      [],
    ],
    ['nobody may invite', { allowInvitesFrom: 'none' }, ['invitations.nobody']],
    ['the secret ends soon', { secretEndsAt: inDays(29.5) }, ['registration.secretEndsSoon']],
    ['the secret lasts a month', { secretEndsAt: inDays(30.5) }, []],
    ['the secret has expired', { secretEndsAt: inDays(-1) }, ['token.expiredSecret']],
  ];
  test.each(faults)('%s', async (_name, settings, expected) => {
    await portal.tenant.settings(settings);
    expect(await diagnosis()).toEqual(expected);
  });

  test('tokens that do not name groups are no fault: Graph is called instead', async () => {
    await portal.tenant.settings({ groupsClaim: false });
    const found = (await examine(portal.deps)).map(named);
    expect(found).toContain('registration.groupsAsked');
    expect(found).not.toContain('registration.groupsNamed');
  });

  test('a missing permission is named with what it is for, and mended by being granted', async () => {
    await portal.tenant.settings({ permissions: GRANTED.filter((one) => one !== 'User.Invite.All') });
    expect(worse(await examine(portal.deps))[0]?.values).toEqual({
      permission: 'User.Invite.All',
      purpose: 'invite',
    });
    await portal.tenant.settings({ permissions: GRANTED });
    expect(await diagnosis()).toEqual([]);
  });
});

describe('where people are to sign in at their home tenant', () => {
  const asking = (partner: Json = {}) =>
    whole({}, { proof: 'tenant', domains: ['fabrikam.com'], ...partner });

  test('a registration that is open to other organisations is what it takes, and one that is not is bad', async () => {
    await usePolicy(asking());
    expect((await examine(portal.deps)).map(named)).toContain('registration.multiTenant');
    await portal.tenant.settings({ signInAudience: 'AzureADMyOrg' });
    const [found, ...others] = worse(await examine(portal.deps));
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      check: 'registration',
      code: 'singleTenant',
      level: 'bad',
      values: { partner: 'Fabrikam', count: 1 },
    });
    await portal.tenant.settings({ signInAudience: 'AzureADandPersonalMicrosoftAccount' });
    expect(await diagnosis()).toEqual([]);
  });

  test('one that is not is no fault where no partner requires it', async () => {
    await portal.tenant.settings({ signInAudience: 'AzureADMyOrg' });
    expect(await diagnosis()).toEqual([]);
    await usePolicy(asking({ enabled: false }));
    expect(await diagnosis()).toEqual(['policy.nobody']);
  });

  test('a registration that cannot be read is unknown, and it says what to do', async () => {
    await portal.tenant.settings({ permissions: GRANTED.filter((one) => !one.startsWith('App')) });
    // Without apps whose roles are assigned directly, these permissions are not needed.
    await usePolicy(asking({ apps: ['crm'], groups: [] }));
    const { apps, ...rest } = asking({ apps: ['crm'] }) as { apps: { crm: object } };
    await usePolicy({ ...rest, apps: { crm: apps.crm } });
    expect(await diagnosis()).toEqual(['groups.portalRolesUnseen', 'registration.audienceUnknown']);
  });

  test('a domain that no tenant has is named, unless the partner names its tenant', async () => {
    await usePolicy(asking({ domains: ['fabrikam.com', 'nobody.example', '*.nobody.example'] }));
    const [found, ...others] = worse(await examine(portal.deps));
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      code: 'noHomeTenant',
      level: 'warning',
      values: { partner: 'Fabrikam', domain: 'nobody.example' },
    });
    await usePolicy(asking({ domains: ['nobody.example'], tenantId: NOWHERE }));
    expect(await diagnosis()).toEqual([]);
  });

  test('where Entra does not say whose a domain is, that is unknown; and so are those beyond the first twenty', async () => {
    await usePolicy(asking({ domains: ['silent.example'] }));
    await portal.tenant.fault({
      on: 'token',
      method: 'GET',
      path: 'silent.example',
      times: 0,
      fault: { kind: 'status', status: 503 },
    });
    expect(await diagnosis()).toEqual(['policy.homeTenantUnknown']);
    await portal.tenant.clearFaults();
    await usePolicy(asking({ domains: Array.from({ length: 21 }, (_, index) => `n${index}.example`) }));
    const found = await diagnosis();
    expect(found.filter((one) => one === 'policy.noHomeTenant')).toHaveLength(20);
    expect(found).toContain('policy.homeTenantsTooMany');
  });
});

test.each([
  [['http://localhost:3000/auth/callback'], []],
  // Entra looks past the port on localhost, and past nothing else.
  [['http://localhost:9/auth/callback'], []],
  [['http://localhost:3000/auth/callback/'], ['registration.redirectMissing']],
  [['https://localhost:3000/auth/callback'], ['registration.redirectMissing']],
  [[], ['registration.redirectMissing']],
])('a registration that sends people back to %j', async (redirectUris, expected) => {
  await portal.tenant.settings({ redirectUris });
  expect(await diagnosis()).toEqual(expected);
});

function inDays(days: number): string {
  return new Date(Date.now() + days * 24 * 3600_000).toISOString();
}

describe('a fault of the policy', () => {
  const faults: [string, object, string[]][] = [
    ['a group that is gone', withGroup(NOWHERE), ['groups.missing']],
    ['a dynamic group', withGroup(GROUPS.dynamic), ['groups.dynamic']],
    ['a role-assignable group', withGroup(GROUPS.roleAssignable), ['groups.roleAssignable']],
    ['a group from on premises', withGroup(GROUPS.onPremises), ['groups.onPremises']],
    ['a distribution list', withGroup(GROUPS.distribution), ['groups.mailEnabled']],
    [
      'a group that nobody uses',
      whole({ groups: { ...usable, wiki: { id: GROUPS.wiki, name: 'Wiki readers' } } }),
      ['groups.unused'],
    ],
    ['an app that is gone', withRole({ servicePrincipalId: NOWHERE }), ['apps.missing']],
    ['a role that is gone', withRole({ appRoleId: NOWHERE }), ['apps.roleMissing']],
    [
      'a role that is switched off',
      withRole({ appRoleId: '44444444-0000-4000-8000-000000000002' }),
      ['apps.roleDisabled'],
    ],
    [
      'a role for applications',
      withRole({ appRoleId: '44444444-0000-4000-8000-000000000003' }),
      ['apps.roleNotForUsers'],
    ],
    [
      'a role on Microsoft Graph',
      withRole({
        servicePrincipalId: '33333333-0000-4000-8000-000000000003',
        appRoleId: '44444444-0000-4000-8000-000000000011',
      }),
      ['apps.microsoftGraph'],
    ],
    ['a role on the portal itself', withRole(PORTAL), ['apps.portalItself']],
    [
      'app roles granted for, and none assigned',
      whole(
        { apps: { crm: { name: 'CRM', url: 'https://crm.contoso.com', groups: ['partners', 'crm'] } } },
        { apps: ['crm'] },
      ),
      ['permissions.notNeeded'],
    ],
    ['an approver who is gone', whole({}, { approvers: [NOWHERE] }), ['people.approverMissing']],
    ['a sponsor who is gone', whole({}, { invitation: { sponsors: [NOWHERE] } }), ['people.sponsorMissing']],
    ['our own domain', whole({}, { domains: ['fabrikam.com', 'contoso.com'] }), ['policy.ownDomain']],
    ['nobody switched on', whole({}, { enabled: false }), ['policy.nobody']],
  ];
  test.each(faults)('%s', async (_name, policy, expected) => {
    await usePolicy(policy);
    expect(portal.deps.policy.faults()).toEqual([]);
    expect(await diagnosis()).toEqual(expected);
  });

  describe('where something has a tier, and the report on licences is used', () => {
    const app = { url: 'https://crm.contoso.com', groups: ['partners', 'crm'] };
    const withCrm = (crm: Json) =>
      whole({ apps: { crm: { name: 'CRM', ...app, ...crm } } }, { apps: ['crm'] });
    const LICENCES = ['LicenseAssignment.Read.All', 'AuditLog.Read.All'];
    const LEAST = GRANTED.filter((one) => one !== 'AppRoleAssignment.ReadWrite.All');
    const wished = (findings: Finding[]) =>
      findings.filter(({ code }) => code === 'wish').map(({ values }) => values.permission);

    test('what has no tier is named, and the permissions that it would take are', async () => {
      await portal.tenant.settings({ permissions: LEAST });
      const wiki = { name: 'Wiki', ...app };
      await usePolicy(whole({ apps: { crm: { name: 'CRM', ...app, tier: 'p1' }, wiki } }));
      expect(portal.deps.policy.faults()).toEqual([]);
      const found = await examine(portal.deps);
      expect(worse(found)).toMatchObject([
        { check: 'policy', code: 'noTier', level: 'warning', values: { count: 1, names: 'Wiki' } },
      ]);
      expect(wished(found)).toEqual(expect.arrayContaining(LICENCES));
      await portal.tenant.settings({ permissions: [...LEAST, ...LICENCES] });
      const granted = await examine(portal.deps);
      for (const name of LICENCES) expect(wished(granted)).not.toContain(name);
      // They are not wider than needed either.
      expect(worse(granted).map(named)).toEqual(['policy.noTier']);
    });

    test('nothing is said where everything has one, or nothing', async () => {
      await portal.tenant.settings({ permissions: LEAST });
      await usePolicy(withCrm({ tier: 'free' }));
      expect(await diagnosis()).toEqual([]);
      await usePolicy(withCrm({}));
      expect(await diagnosis()).toEqual([]);
      for (const name of LICENCES) expect(wished(await examine(portal.deps))).not.toContain(name);
    });
  });

  test('an approver whose account is disabled', async () => {
    await fetch(`${portal.tenant.peopleUrl}/control/users/${STAFF.lia}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ accountEnabled: false }),
    });
    expect(await diagnosis()).toEqual(['people.approverDisabled']);
  });

  test('a file that the portal cannot write', async () => {
    const { policy } = portal.deps;
    const readOnly: Patient['policy'] = {
      current: () => policy.current(),
      faults: () => policy.faults(),
      writable: () => Promise.resolve({ ok: false, why: 'folder' }),
    };
    expect(await diagnosis({ ...portal.deps, policy: readOnly })).toEqual(['policy.readOnly']);
  });

  test('a faulty file: each fault, up to twenty, while the good policy stays in force', async () => {
    await usePolicy(whole({ unlisted: 'maybe', colour: 'blue' }));
    expect(await diagnosis()).toEqual(['policy.fault', 'policy.fault']);
    await usePolicy(whole({}, { domains: Array.from({ length: 23 }, (_, n) => `not a domain ${n}`) }));
    const found = await diagnosis();
    expect(found.filter((name) => name === 'policy.fault')).toHaveLength(20);
    expect(found.at(-1)).toBe('policy.moreFaults');
    expect((await examine(portal.deps)).find(({ code }) => code === 'moreFaults')?.values).toEqual({
      count: 3,
    });
  });

  test('thousands of groups are looked at fifteen a call, and the rest is counted', async () => {
    const groups = Object.fromEntries(
      Array.from({ length: MOST_LOOKED_AT + 5 }, (_, n) => [
        `g${n}`,
        { id: `88888888-0000-4000-8000-${String(n).padStart(12, '0')}`, name: `Group ${n}` },
      ]),
    );
    await usePolicy(whole({ groups: { ...usable, ...groups } }));
    await portal.tenant.settings({ resourceUnitsPer10s: 100_000 });
    const found = await examine(portal.deps);
    expect(found.filter((one) => named(one) === 'groups.missing')).toHaveLength(MOST_LOOKED_AT - 2);
    expect(found.find((one) => named(one) === 'groups.tooMany')?.values).toEqual({
      looked: MOST_LOOKED_AT,
      count: MOST_LOOKED_AT + 7,
    });
    const calls = await portal.tenant.graphCalls('GET', /\/groups$/);
    // One more is for the approvers, twice.
    expect(calls.length).toBeLessThanOrEqual(MOST_LOOKED_AT / 15 + 2);
  });
});

describe('a token that is not to be had', () => {
  const faults: [string, () => Partial<Config>, string][] = [
    ['a wrong secret', () => secret('wrong'), 'token.wrongSecret'],
    ['another app', () => secret(portal.tenant.clientSecret, NOWHERE), 'token.noSuchApp'],
    ['another tenant', () => ({ tenantId: NOWHERE }), 'token.noSuchTenant'],
    [
      'an authority that does not answer',
      () => ({ authorityUrl: 'https://localhost:9' }),
      'token.unreachable',
    ],
    [
      'no managed identity',
      () => ({ graphCredential: { kind: 'managedIdentity' } }) as const,
      'token.noManagedIdentity',
    ],
  ];
  test.each(faults)('%s is one finding, and Graph is not called', async (_name, change, expected) => {
    expect(await diagnosis(patientWith(change()))).toEqual([expected]);
    expect(await portal.tenant.graphCalls()).toEqual([]);
  });

  test('a refusal that we do not know is shown as Entra says it', async () => {
    const description = 'AADSTS53003: Access has been blocked by Conditional Access policies.';
    await portal.tenant.fault({
      on: 'token',
      times: 0,
      fault: {
        kind: 'status',
        status: 400,
        body: { error: 'access_denied', error_description: description, error_codes: [53003] },
      },
    });
    const [found] = worse(await examine(patientWith({})));
    expect(found).toMatchObject({ check: 'token', code: 'refused', values: { code: 'AADSTS53003' } });
    expect(found?.values.message).toContain('Conditional Access');
  });

  test('a secret that has gone bad is found although a token is still good', async () => {
    const patient = patientWith({});
    expect(await diagnosis(patient)).toEqual([]);
    await portal.tenant.settings({ secretEndsAt: inDays(-1) });
    expect(await diagnosis(patient)).toEqual(['token.expiredSecret']);
  });
});

describe('Graph in trouble', () => {
  const down = { on: 'graph', times: 0 };
  const faults: [string, Json, string][] = [
    ['429', { kind: 'status', status: 429, headers: { 'Retry-After': '7' } }, 'graph.throttled'],
    ['503', { kind: 'status', status: 503 }, 'graph.unreadable'],
    ['HTML with 500', { kind: 'html', status: 500 }, 'graph.unreadable'],
    ['HTML with 200', { kind: 'html', status: 200 }, 'graph.down'],
    ['a cut connection', { kind: 'reset', when: 'before' }, 'graph.down'],
    ['half an answer', { kind: 'truncate' }, 'graph.down'],
    [
      'a token refused',
      { kind: 'status', status: 401, body: { error: { code: 'InvalidAuthenticationToken', message: 'x' } } },
      'graph.refusesToken',
    ],
  ];
  test.each(faults)('%s is one finding', async (_name, fault, expected) => {
    await portal.tenant.fault({ ...down, fault });
    expect(await diagnosis()).toEqual([expected]);
  });

  test('silence is given up, and is a finding', async () => {
    await portal.tenant.fault({ ...down, fault: { kind: 'hang', when: 'before', ms: 60_000 } });
    expect(await diagnosis(portal.deps, 500)).toEqual(['graph.hangs']);
  });

  test('one check that hangs or breaks leaves the others alone', async () => {
    const path = '^/groups$';
    await portal.tenant.fault({ ...down, path, fault: { kind: 'hang', when: 'before', ms: 60_000 } });
    expect((await diagnosis(portal.deps, 2_000)).sort()).toEqual([
      'groups.hangs',
      'people.hangs',
      'registration.hangs',
    ]);
    await portal.tenant.clearFaults();
    await portal.tenant.fault({ ...down, path, fault: { kind: 'html', status: 500 } });
    expect((await diagnosis()).sort()).toEqual([
      'groups.noAnswer',
      'people.noAnswer',
      'registration.noAnswer',
    ]);
  });

  test('a clock that is wrong', async () => {
    await portal.tenant.fault({
      ...down,
      path: '^/organization',
      fault: {
        kind: 'status',
        status: 200,
        headers: { Date: new Date(Date.now() - 200_000).toUTCString() },
        body: { value: [{ id: portal.tenant.tenantId, displayName: 'Contoso', verifiedDomains: [] }] },
      },
    });
    const [found, ...others] = worse(await examine(portal.deps));
    expect(others).toEqual([]);
    expect(found).toMatchObject({ check: 'graph', code: 'clock' });
    expect(Number(found?.values.seconds)).toBeGreaterThan(190);
  });
});

describe('the portal itself', () => {
  const settings: [string, Partial<Config>, string[]][] = [
    ['plain HTTP on this machine', { baseUrl: 'http://localhost:3000' }, []],
    ['plain HTTP elsewhere', { baseUrl: 'http://portal.contoso.com' }, ['settings.plainHttp']],
    [
      'https in production behind nobody',
      { baseUrl: 'https://p.contoso.com', production: true },
      ['settings.noProxy'],
    ],
    [
      'https in production behind a proxy',
      { baseUrl: 'https://p.contoso.com', production: true, trustProxy: 1 },
      [],
    ],
    [
      'the secret of development',
      { secrets: ['development-only-secret-0123456789abcdef'] },
      ['settings.development'],
    ],
  ];
  test.each(settings)('%s', async (_name, change, expected) => {
    const found = await diagnosis(patientWith(change));
    expect(found.filter((name) => name.startsWith('settings.'))).toEqual(expected);
  });

  test('an embedded store in production', async () => {
    const found = await diagnosis(patientWith({ production: true, trustProxy: 1 }));
    const embedded = portal.deps.config.databaseUrl === null;
    expect(found).toEqual(embedded ? ['store.embeddedInProduction'] : []);
  });

  test.each([
    [5_000, []],
    [900, ['store.diskLow']],
    [50, ['store.diskFull']],
  ])('%d MB left on the disk', (megabytes, expected) => {
    expect(diskFindings(megabytes, '/data').map(named)).toEqual(expected);
  });

  test('a store that does not answer is one finding', async () => {
    const gone = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const store = { ...portal.deps.store, ping: () => Promise.reject(gone) };
    expect(await diagnosis({ ...portal.deps, store })).toEqual(['store.down']);
  });

  test('no mail server', async () => {
    expect(await diagnosis(patientWith({ mail: null }))).toEqual(['mail.none']);
  });

  test('a mail server that is down', async () => {
    expect(
      await diagnosis(patientWith({ mail: { url: 'smtp://localhost:9', from: 'p@contoso.com' } })),
    ).toEqual(['mail.unreachable']);
  });

  test('a mail server that says no', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).end('554 no service for you\r\n');
    }).listen(0, 'localhost');
    await once(server, 'listening');
    const url = `smtp://localhost:${(server.address() as AddressInfo).port}`;
    const found = await diagnosis(patientWith({ mail: { url, from: 'p@contoso.com' } }));
    server.close();
    expect(found).toEqual(['mail.refused']);
  });

  test('where people must prove their mailbox, nothing works without the mail server', async () => {
    await usePolicy(whole({}, { proof: 'mailbox' }));
    const good = (await examine(portal.deps)).find(({ check }) => check === 'mail');
    expect(good).toMatchObject({ code: 'readyForProof', values: { partner: 'Fabrikam', count: 1 } });
    const down = patientWith({ mail: { url: 'smtp://localhost:9', from: 'p@contoso.com' } });
    const [found, ...others] = worse(await examine(down));
    expect(others).toEqual([]);
    expect(found).toMatchObject({ check: 'mail', code: 'noProof', level: 'bad' });
  });

  test('a pause in force, and work that no worker does', async () => {
    const { db } = portal.deps.store;
    await insertPause(db, 'graph', 300);
    expect(await diagnosis()).toEqual(['queue.paused']);
    await db.deleteFrom('pause').execute();

    await portal.visitor().apply();
    expect(await diagnosis()).toEqual([]);
    const dueFor = (minutes: number) =>
      db
        .updateTable('request')
        .set({ due_at: new Date(Date.now() - minutes * 60_000) })
        .execute();
    await dueFor(5);
    expect(await diagnosis()).toEqual(['queue.late']);
    await dueFor(20);
    expect(await diagnosis()).toEqual(['queue.stuck']);
    await db
      .updateTable('request')
      .set({ lease_until: new Date(Date.now() + 60_000), lease_owner: NOWHERE })
      .execute();
    expect(await diagnosis()).toEqual([]);
    await db.updateTable('request').set({ due_at: null, lease_until: null, lease_owner: null }).execute();
  });
});

test('an examination writes nothing to Graph, and its calls fit Microsoft’s description', async () => {
  await examine(portal.deps);
  const ledger = await fetch(`${portal.tenant.peopleUrl}/control/ledger`);
  const calls = ((await ledger.json()) as LedgerEntry[]).filter(({ path }) => path.startsWith('/v1.0/'));
  expect(calls.length).toBeGreaterThan(6);
  expect(calls.filter(({ method }) => method !== 'GET')).toEqual([]);
  if (!hasContract) return;
  // Not in the part of the description that we have; see application-get and authorizationpolicy-get of Graph's reference.
  const described = calls.filter(
    ({ path }) => !/^\/v1.0\/(applications|policies\/authorizationPolicy)/.test(path),
  );
  expect(described.length).toBeGreaterThan(4);
  expect(described.flatMap(checkExchange)).toEqual([]);
});

test('an examination that is under way is shared', async () => {
  const { doctor } = portal.deps;
  const [one, other] = await Promise.all([doctor.examine(), doctor.examine()]);
  expect(other).toBe(one);
  expect(doctor.latest()).toBe(one);
  expect(doctor.recent()).toBe(one);
  expect(await portal.tenant.graphCalls('GET', /organization/)).toHaveLength(1);
  expect(await doctor.examine()).not.toBe(one);
});
