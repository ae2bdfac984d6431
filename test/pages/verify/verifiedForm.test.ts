import { sql } from 'kysely';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { requestAt } from '../../support/ageRequest.js';
import { formOf } from '../../support/formOf.js';
import { faultsOf, textOf, valueOf } from '../../support/page.js';
import { PARTNER_PEOPLE, PROSEWARE_TENANT, proseware } from '../../support/partnerPeople.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { putPolicy } from '../../support/putPolicy.js';
import { newcomer } from '../../support/signInFlows.js';
import { answerFrom, signIn, STAFF } from '../../support/staff.js';
import { FORM, type Visitor } from '../../support/visitor.js';

// Somebody signs in at their own organisation first, and finds the form filled in.

const usual = aPolicy({ partners: [aPartner(), proseware()] });

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    env: { TRUST_PROXY: '1' },
    policy: usual,
    terms: '# Terms',
  });
});
afterAll(() => portal.close());
beforeEach(() => putPolicy(portal, usual));
afterEach(async () => {
  await sql`update request set state = 'denied', due_at = null`.execute(portal.deps.store.db);
  await sql`delete from session`.execute(portal.deps.store.db);
});

type Name = keyof typeof PARTNER_PEOPLE;
const comeBack = async (visitor: Visitor, oid: string) =>
  visitor.get(await answerFrom(visitor, portal.tenant, oid, '/verify/tenant'));
const signedIn = async (name: Name) => {
  const visitor = newcomer(portal);
  const back = await comeBack(visitor, PARTNER_PEOPLE[name]);
  expect([back.status, back.headers.location]).toEqual([303, '/verify/form']);
  return visitor;
};
const send = async (visitor: Visitor, fields: Record<string, unknown> = {}) => {
  const { text } = await visitor.get('/verify/form');
  const { company, reason } = FORM;
  return visitor.postRaw('/verify/form', { ...formOf(text, '/verify/form'), company, reason, ...fields });
};
const requests = async () =>
  (
    await sql<{ address: string; first_name: string; state: string; proof: Record<string, string> | null }>`
      select address, first_name, state, proof from request where state <> 'denied'`.execute(
      portal.deps.store.db,
    )
  ).rows;
const sessionText = async () =>
  (await sql<{ sess: object }>`select sess from session`.execute(portal.deps.store.db)).rows.map(({ sess }) =>
    JSON.stringify(sess),
  );

test('the start page offers it only where a partner asks for it', async () => {
  const offered = async (partners: object[]) => {
    await putPolicy(portal, aPolicy({ partners }));
    return (await newcomer(portal).get('/')).text.includes('href="/verify/tenant"');
  };
  expect(await offered([aPartner(), proseware()])).toBe(true);
  expect(await offered([aPartner(), proseware({ enabled: false })])).toBe(false);
  expect(await offered([aPartner()])).toBe(false);
});

test.each<[name: Name, address: string, first: string, last: string]>([
  ['pia', 'pia@proseware.com', 'Pia', 'Holm'],
  ['per', 'per.olof.berg@proseware.com', 'Per Olof', 'Berg'],
])('%s finds the address, which is fixed, and the names', async (name, address, first, last) => {
  const visitor = await signedIn(name);
  const { status, text } = await visitor.get('/verify/form');
  expect(status).toBe(200);
  expect([valueOf(text, 'email'), valueOf(text, 'firstName'), valueOf(text, 'lastName')]).toEqual([
    address,
    first,
    last,
  ]);
  expect(text).toMatch(/<input[^>]* id="email"[^>]* readonly/);
  expect(formOf(text, '/verify/form')).not.toHaveProperty('email');
});

test('what is sent is the address of the sign-in, proved and on its way at once', async () => {
  const visitor = await signedIn('pia');
  const answer = await send(visitor, { firstName: 'Pia Maria' });
  expect([answer.status, answer.headers.location]).toEqual([
    303,
    expect.stringMatching(/^\/requests\/[\w-]{22}$/) as string,
  ]);
  expect(await requests()).toEqual([
    {
      address: 'pia@proseware.com',
      first_name: 'Pia Maria',
      state: 'queued',
      proof: {
        kind: 'tenant',
        by: `${PROSEWARE_TENANT}/${PARTNER_PEOPLE.pia}`,
        at: expect.any(String) as string,
        browser: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
    },
  ]);
});

test.each([
  { email: 'ana@fabrikam.com' },
  { email: ['ana@fabrikam.com', 'pia@proseware.com'] },
  { email: 'ana+x@fabrikam.com', useSuggestion: 'yes' },
  { address: 'ana@fabrikam.com', tid: 'x', tenantIdentity: 'x', proof: 'mailbox', 'proof[kind]': 'tenant' },
])('no posted field changes whose request it is: %j', async (fields) => {
  const visitor = await signedIn('pia');
  expect((await send(visitor, fields)).status).toBe(303);
  expect(await requests()).toMatchObject([{ address: 'pia@proseware.com', proof: { kind: 'tenant' } }]);
});

test('a form with faults keeps what was typed, and the address', async () => {
  const visitor = await signedIn('pia');
  const { status, text } = await send(visitor, { firstName: '', company: 'Proseware AB', email: 'x@y.com' });
  expect(status).toBe(422);
  expect(faultsOf(text)).toEqual([['firstName', 'Enter your first name']]);
  expect([valueOf(text, 'email'), valueOf(text, 'company')]).toEqual(['pia@proseware.com', 'Proseware AB']);
  expect(await requests()).toEqual([]);
});

test('a form that is sent twice is answered twice with a page of the same request', async () => {
  const visitor = await signedIn('pia');
  const first = await send(visitor);
  const second = await send(visitor);
  const shown = [first, second].map(({ headers }) => requestAt(portal, String(headers.location)));
  expect((await shown[1])?.id).toBe((await shown[0])?.id);
  expect(await requests()).toHaveLength(1);
});

test('a request that a stranger had sent with the address is passed by', async () => {
  const stranger = await newcomer(portal).apply({ email: 'pia@proseware.com', firstName: 'Mallory' });
  const visitor = await signedIn('pia');
  const { headers } = await send(visitor);
  expect(headers.location).not.toBe(stranger);
  expect(await requests()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ first_name: 'Mallory', state: 'unproven', proof: null }) as object,
      expect.objectContaining({ first_name: 'Pia', state: 'queued' }) as object,
    ]),
  );
});

describe('without a sign-in', () => {
  test('the form leads to one, and posting to it is refused with a way on', async () => {
    const visitor = newcomer(portal);
    const { status, headers } = await visitor.get('/verify/form');
    expect([status, headers.location]).toEqual([303, '/verify/tenant']);
    const refused = await visitor.postRaw('/verify/form', { ...FORM, _csrf: await visitor.csrf() });
    expect(refused.status).toBe(403);
    expect(refused.text).toContain('href="/verify/tenant"');
    expect(valueOf(refused.text, 'typed-0')).toBe(FORM.email);
    expect(await requests()).toEqual([]);
  });

  test('of the last 15 minutes neither page nor form are there any more', async () => {
    // Staff, since their sessions last longer.
    const ada = newcomer(portal);
    await signIn(ada, portal.tenant, STAFF.ada);
    await comeBack(ada, PARTNER_PEOPLE.pia);
    const { text } = await ada.get('/verify/form');
    const age = async (minutes: number) => {
      await sql`update session set sess = jsonb_set(sess::jsonb, '{tenantIdentity,signedInAt}',
        to_jsonb((extract(epoch from now()) * 1000 - ${minutes * 60_000})::bigint))::json`.execute(
        portal.deps.store.db,
      );
    };
    await age(14);
    expect((await ada.get('/verify/form')).status).toBe(200);
    await age(16);
    expect((await ada.get('/verify/form')).headers.location).toBe('/verify/tenant');
    const late = await ada.postRaw('/verify/form', {
      ...formOf(text, '/verify/form'),
      company: 'Proseware',
      reason: FORM.reason,
    });
    expect(late.status).toBe(403);
    expect(textOf(late.text)).toContain('Your sign-in has expired');
    expect(late.text).toContain(FORM.reason);
    expect((await ada.get('/admin')).status).toBe(200);
    expect(await requests()).toEqual([]);
  });
});

describe('before the form', () => {
  test('a claimed mail gives nobody an address: Mallory is offered his own', async () => {
    await putPolicy(portal, aPolicy({ partners: [aPartner(), proseware()], unlisted: 'review' }));
    const visitor = await signedIn('mallory');
    const { text } = await visitor.get('/verify/form');
    expect(valueOf(text, 'email')).toBe('mallory@litware.com');
    expect(text).not.toContain('ana@fabrikam.com');
  });

  test.each<[who: string, oid: string, policy: object, title: string]>([
    ['a guest', PARTNER_PEOPLE.gus, usual, 'This is a guest account'],
    [
      'whose tenant is not the one that the policy names',
      PARTNER_PEOPLE.pia,
      aPolicy({ partners: [proseware({ tenantId: '117a0000-0000-4000-8000-000000000002' })] }),
      'This account belongs to another organisation',
    ],
  ])('somebody is refused: %s', async (_who, oid, policy, title) => {
    await putPolicy(portal, policy);
    const visitor = newcomer(portal);
    const answer = await comeBack(visitor, oid);
    expect([answer.status, textOf(answer.text).includes(title)]).toEqual([403, true]);
    expect((await visitor.get('/verify/form')).status).toBe(303);
    expect(await sessionText()).toEqual([]);
    const { rows } = await sql`select actor, detail ->> 'kind' as kind from audit_event
      where action = 'signIn.refused' order by id desc limit 1`.execute(portal.deps.store.db);
    expect(rows).toEqual([{ actor: 'portal', kind: 'tenant' }]);
  });

  const ask = 'If you think this is a mistake, write to partners@contoso.com.';
  test.each<[why: string, policy: object, sentence: string]>([
    ['the domain is denied', { deny: { domains: ['litware.com'] } }, ask],
    ['nobody lists it', { unlisted: 'deny' }, 'If it should be, write to partners@contoso.com.'],
    [
      'its partner is switched off',
      { partners: [proseware(), aPartner({ domains: ['litware.com'], enabled: false })] },
      'is switched off at the moment. Write to partners@contoso.com.',
    ],
    ['it looks like a partner’s', { partners: [proseware(), aPartner({ domains: ['litwares.com'] })] }, ask],
  ])(
    'somebody whom the policy would refuse is told so before any form: %s',
    async (_why, policy, sentence) => {
      await putPolicy(portal, aPolicy({ partners: [aPartner(), proseware()], ...policy }));
      const visitor = newcomer(portal);
      const answer = await comeBack(visitor, PARTNER_PEOPLE.dee);
      expect(answer.status).toBe(403);
      expect(textOf(answer.text)).toContain("Contoso doesn't give access to the address dee@litware.com.");
      expect(textOf(answer.text)).toContain(sentence);
      expect(textOf(answer.text)).not.toContain('sign up again');
      expect((await visitor.get('/verify/form')).status).toBe(303);
      expect(await sessionText()).toEqual([]);
    },
  );

  test.each([
    [
      'en',
      'is an account of Contoso itself. Sign in to the apps directly, or write to partners@contoso.com.',
    ],
    ['sv', 'hör till Contoso självt'],
    ['de', 'gehört zu Contoso selbst'],
  ])('our own people need no invitation, and are told so: %s', async (language, sentence) => {
    const visitor = portal.visitor({ 'Accept-Language': language, 'X-Forwarded-For': '198.19.0.7' });
    const answer = await comeBack(visitor, STAFF.ada);
    expect([answer.status, textOf(answer.text)]).toEqual([403, expect.stringContaining(sentence) as string]);
    expect((await visitor.get('/verify/form')).status).toBe(303);
    expect(await sessionText()).toEqual([]);
  });

  test('somebody whose tenant has come to be another by the policy is refused with the form', async () => {
    const visitor = await signedIn('pia');
    const { text } = await visitor.get('/verify/form');
    await putPolicy(
      portal,
      aPolicy({ partners: [proseware({ tenantId: '117a0000-0000-4000-8000-000000000002' })] }),
    );
    const fields = { ...formOf(text, '/verify/form'), company: 'Proseware', reason: FORM.reason };
    expect((await visitor.postRaw('/verify/form', fields)).status).toBe(403);
    expect(await requests()).toEqual([]);
  });
});

describe('the session', () => {
  test('6.8.4 has another id after the sign-in, and holds nothing that gives a right', async () => {
    const visitor = newcomer(portal);
    const cookie = (answer: { headers: Record<string, unknown> }) =>
      (answer.headers['set-cookie'] as string[])
        .find((one) => one.startsWith('portal.session='))
        ?.split(';')[0];
    const path = await answerFrom(visitor, portal.tenant, PARTNER_PEOPLE.pia, '/verify/tenant');
    const { rows } = await sql<{ sid: string }>`select sid from session`.execute(portal.deps.store.db);
    const back = await visitor.get(path);
    expect(cookie(back)).toBeDefined();
    expect(cookie(back)).not.toContain(rows[0]?.sid);
    const [session = '', ...others] = await sessionText();
    expect(others).toEqual([]);
    expect(session).not.toMatch(/person|roles|refreshToken|eyJ/);
    expect((await visitor.get('/admin')).status).toBe(303);
  });

  test('a form of before another sign-in in the same browser is stale', async () => {
    const visitor = await signedIn('pia');
    const { text } = await visitor.get('/verify/form');
    await comeBack(visitor, PARTNER_PEOPLE.per);
    const fields = { ...formOf(text, '/verify/form'), company: 'Proseware', reason: FORM.reason };
    expect((await visitor.postRaw('/verify/form', fields)).status).toBe(403);
    expect(await requests()).toEqual([]);
  });
});

test.each([
  ['sv', 'Logga in med din organisations konto'],
  ['de', 'Mit dem Konto Ihrer Organisation anmelden'],
])('the offer is made in %s', async (language, offer) => {
  const { text } = await portal.visitor({ 'Accept-Language': language }).get('/');
  expect(textOf(text)).toContain(offer);
});
