import { aPartner, aPolicy } from '../support/aPolicy.js';
import { signUpUntil } from '../support/journey.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { putPolicy } from '../support/putPolicy.js';
import { FORM } from '../support/visitor.js';

// OWASP ASVS 5.0.0, chapter 15: a request says what its form says, and no more; what was decided is decided again.

let portal: TestPortal;

const policy = (overrides: object = {}) =>
  aPolicy({
    partners: [aPartner(), aPartner({ id: 'litware', domains: ['litware.com'], approval: 'manual' })],
    ...overrides,
  });

beforeAll(async () => {
  portal = await startPortal({ worker: false, policy: policy() });
});
afterAll(() => portal.close());

const requestOf = (address: string) =>
  portal.deps.store.db.selectFrom('request').selectAll().where('address', '=', address).executeTakeFirst();

/** Everything that somebody might hope the portal takes from a form. */
const EXTRA: Record<string, unknown> = {
  approved: 'true',
  approval: 'automatic',
  state: 'provisioned',
  status: 'provisioned',
  outcome: 'invite',
  partner: 'fabrikam',
  proof: 'tenant',
  proven: 'tenant',
  'proof[kind]': 'mailbox',
  'groups[]': ['22222222-0000-4000-8000-000000000006'],
  groups: ['roleAssignable', 'crm'],
  'apps[]': ['wiki'],
  'grants[groups][]': 'roleAssignable',
  role: 'Portal.Admin',
  roles: ['Portal.Admin'],
  userType: 'Member',
  id: '00000000-0000-4000-8000-000000000000',
  token: 'A'.repeat(22),
  token_hash: 'x',
  guest_id: '11111111-0000-4000-8000-000000000001',
  address: 'eve@evil.com',
  canonical: 'eve@evil.com',
  to: 'eve@evil.com',
  redirectUrl: 'https://evil.com',
  inviteRedirectUrl: 'https://evil.com',
  message: 'Buy now',
  language: 'xx',
  suspicions: '',
  decision: '{}',
  due_at: '2000-01-01',
  version: '99',
  __proto__: 'x',
  'constructor[prototype][state]': 'provisioned',
  '__proto__[state]': 'provisioned',
  hasOwnProperty: 'x',
  toString: 'x',
  constructor: 'x',
};

test('15.3.3 extra fields of the form are ignored, in what is stored and in what Graph is asked for', async () => {
  const plain = 'plain@fabrikam.com';
  const over = 'over@fabrikam.com';
  await portal.visitor().apply({ email: plain });
  await portal.visitor().apply({ ...EXTRA, email: over });
  const same = async (email: string) => {
    // What is each request's own.
    const own = {
      id: '',
      token_hash: '',
      address: '',
      created_at: '',
      updated_at: '',
      due_at: '',
      asked_at: '',
      browser_hash: '',
    };
    return { ...(await requestOf(email)), ...own };
  };
  expect(await same(over)).toEqual(await same(plain));
  portal.startWorker();
  for (const email of [plain, over]) await signUpUntil(portal, 'provisioned', email, await pathOf(email));
  await portal.stopWorker();
  const asked = async (email: string) => {
    const calls = await portal.tenant.graphCalls('POST', /\/invitations$/);
    const bodies = calls.map(({ requestBody }) => requestBody as Record<string, unknown>);
    const body = bodies.find((one) => one.invitedUserEmailAddress === email);
    return JSON.stringify(body)
      .replaceAll(email, '<address>')
      .replace(/[\w-]{22}(?=")/, '');
  };
  expect(await asked(over)).toBe(await asked(plain));
  const guests = await Promise.all([over, plain].map((email) => portal.tenant.guest(email)));
  expect(guests[0]?.groups).toEqual(guests[1]?.groups);
  expect(guests[0]?.userType).toBe('Guest');
});

const pathOf = (email: string) => portal.visitor().apply({ email });

test('15.3.3 nor do they get a request past approval', async () => {
  await portal.visitor().apply({ ...EXTRA, email: 'over@litware.com' });
  expect(await requestOf('over@litware.com')).toMatchObject({
    state: 'pending',
    partner: 'litware',
    review: null,
    proof: null,
    guest_id: null,
  });
});

test.each(Object.keys(FORM).filter((field) => field !== 'terms'))(
  '15.3.7 a repeated %s is refused, and neither value is taken',
  async (field) => {
    const email = `repeated-${field.toLowerCase()}@fabrikam.com`;
    const value = field === 'email' ? email : 'One';
    for (const repeated of [[value, value], [value, '', value], { x: value }]) {
      const posted = Array.isArray(repeated)
        ? { [field]: repeated }
        : { [`${field}[x]`]: value, [field]: undefined };
      const { status } = await portal.visitor().signUp({ email, ...posted });
      expect([field, status]).toEqual([field, 422]);
    }
    expect(await requestOf(email)).toBeUndefined();
  },
);

test.each([
  ['names of every object', 'hasOwnProperty=x&toString=x&valueOf=x&constructor=x&__proto__=x&prototype=x'],
  ['nested names', 'a[b][c][d][e]=x&__proto__[polluted]=x&constructor[prototype][polluted]=x'],
  ['too many fields', Array.from({ length: 60 }, (_, n) => `f${n}=x`).join('&')],
  ['a field ten times', 'email=x&'.repeat(10)],
  ['no name', '=x&=y&&&&'],
  ['broken escapes', 'email=%&firstName=%zz&lastName=%c3%28'],
  ['NUL', 'email=a%00b&firstName=%00'],
  ['semicolons', 'email=a;firstName=b'],
])('15.3.6 %s in a form: a clear 4xx, nothing polluted', async (_what, body) => {
  const visitor = portal.visitor();
  const _csrf = await visitor.csrf();
  const cookie = ((await visitor.get('/healthz')) as unknown as { request: { cookies: string } }).request
    .cookies;
  const answer = await fetch(`${portal.url}/sign-up`, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: `_csrf=${encodeURIComponent(_csrf)}&${body}`,
  });
  expect([403, 413, 422]).toContain(answer.status);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('15.3.5 a query that is repeated or nested breaks no page', async () => {
  const ada = await portal.staff('ada');
  const queries = [
    'q=a&q=b',
    'q[a]=b',
    'state=pending&state=denied',
    'page[]=1',
    '__proto__[x]=1',
    'q=%00',
    'q=%',
  ];
  for (const path of [
    '/admin/requests',
    '/admin/audit',
    '/admin/partners',
    '/admin/policy/explain',
    '/',
    '/sign-in',
  ]) {
    for (const query of queries) {
      const { status } = await ada.get(`${path}?${query}&address=a&address=b`);
      expect([path, query, status < 500]).toEqual([path, query, true]);
    }
  }
});

test.each<[string, () => object, string]>([
  ['denies the domain', () => policy({ partners: [], deny: { domains: ['fabrikam.com'] } }), 'denied'],
  [
    'has no such partner any more',
    () => policy({ partners: [aPartner({ id: 'x', domains: ['x.com'] })] }),
    'denied',
  ],
  ['switches the partner off', () => policy({ partners: [aPartner({ enabled: false })] }), 'denied'],
  ['asks for approval', () => policy({ partners: [aPartner({ approval: 'manual' })] }), 'pending'],
])(
  '15.4.2 the decision is made again when it is executed: a policy that %s by then',
  async (what, later, state) => {
    await putPolicy(portal, policy());
    const email = `again-${what.split(' ')[0]}@fabrikam.com`;
    const path = await portal.visitor().apply({ email });
    expect((await requestOf(email))?.state).toBe('queued');
    await putPolicy(portal, later());
    portal.startWorker();
    await signUpUntil(portal, state, email, path);
    await portal.stopWorker();
    expect(await portal.tenant.guest(email)).toBeUndefined();
    expect(await portal.tenant.mailsTo(email)).toEqual([]);
    await putPolicy(portal, policy());
  },
);

test('15.4.2 and so are the grants: what the policy has taken away by then is not given', async () => {
  await putPolicy(portal, policy());
  const email = 'less@fabrikam.com';
  const path = await portal.visitor().apply({ email });
  await putPolicy(
    portal,
    policy({
      partners: [
        aPartner({ apps: [], groups: ['wiki'], invitation: { redirectUrl: 'https://contoso.com' } }),
      ],
    }),
  );
  portal.startWorker();
  await signUpUntil(portal, 'provisioned', email, path);
  await portal.stopWorker();
  const guest = await portal.tenant.guest(email);
  expect(guest?.groups).toEqual(['22222222-0000-4000-8000-000000000003']);
  await putPolicy(portal, policy());
});
