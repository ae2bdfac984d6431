import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { requestAt } from '../../support/ageRequest.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { textOf } from '../../support/page.js';
import { PARTNER_PEOPLE, PROSEWARE_TENANT, proseware } from '../../support/partnerPeople.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { putPolicy } from '../../support/putPolicy.js';
import { newcomer } from '../../support/signInFlows.js';
import { answerFrom, answerTenant, signIn, STAFF } from '../../support/staff.js';
import type { Visitor } from '../../support/visitor.js';

// Somebody has asked for access and shows, by signing in at their own organisation, that the address is theirs.

const LITWARE_TENANT = '117a0000-0000-4000-8000-000000000002';
const { pia } = PARTNER_PEOPLE;
const fabrikam = () => aPartner({ proof: 'tenant' });
const mailboxPartner = aPartner({ id: 'wingtip', domains: ['wingtiptoys.com'], proof: 'mailbox' });
const usual = aPolicy({ partners: [fabrikam(), proseware(), mailboxPartner] });

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({ worker: false, env: { TRUST_PROXY: '1' }, policy: usual });
});
afterAll(() => portal.close());
beforeEach(() => putPolicy(portal, usual));
afterEach(async () => {
  await portal.tenant.clearFaults();
  // Every address is free again, and every mailbox may be written to.
  await sql`update request set state = 'denied', due_at = null`.execute(portal.deps.store.db);
  await sql`delete from session`.execute(portal.deps.store.db);
});

const db = () => portal.deps.store.db;
const toTenant = (page: string) => page.replace('/requests/', '/verify/tenant/');
const applyFor = (email: string, visitor: Visitor) => visitor.apply({ email });
const comeBack = (visitor: Visitor, oid: string, page: string) =>
  answerFrom(visitor, portal.tenant, oid, toTenant(page));
const toConfirm = (page: string) => `${toTenant(page)}/confirm`;
const confirm = (visitor: Visitor, page: string) =>
  visitor.post(toConfirm(page), {}, { from: toConfirm(page) });
const sessionCookie = (answer: { headers: Record<string, unknown> }) =>
  ((answer.headers['set-cookie'] as string[] | undefined) ?? []).find((one) =>
    one.includes('portal.session='),
  );
const sessions = async () =>
  (await sql<{ n: number }>`select count(*)::int as n from session`.execute(db())).rows[0]?.n;

/** What a sign-in leads to is a page of its own, of the same request. */
async function expectPageOf(location: unknown, page: string): Promise<void> {
  expect(location).toMatch(/^\/requests\/[\w-]{22}$/);
  expect(location).not.toBe(page);
  expect((await requestAt(portal, String(location))).id).toBe((await requestAt(portal, page)).id);
}

async function theRequest(address: string) {
  const { rows } = await sql<{
    id: string;
    state: string;
    proof: Record<string, string> | null;
  }>`select id, state, proof from request where address = ${address} order by created_at desc limit 1`.execute(
    db(),
  );
  if (!rows[0]) throw new Error(`Nobody has asked for ${address}`);
  return rows[0];
}
const failuresOf = async (id: string) =>
  (
    await db()
      .selectFrom('audit_event')
      .select(['actor', 'detail'])
      .where('action', '=', 'proof.failed')
      .where('request_id', '=', id)
      .execute()
  ).map(({ actor, detail }) => ({ actor, detail }));

test('a request of such a partner waits, and its page leads to the sign-in', async () => {
  const visitor = newcomer(portal);
  const page = await applyFor('pia@proseware.com', visitor);
  expect((await visitor.status(page)).status).toBe('unproven');
  expect((await visitor.get(page)).text).toContain(`href="${toTenant(page)}"`);
});

test('people of every tenant are asked to choose an account, for a code and nothing that lasts', async () => {
  const visitor = newcomer(portal);
  const page = await applyFor('pia@proseware.com', visitor);
  const { status, headers } = await visitor.get(toTenant(page));
  expect(status).toBe(302);
  const url = new URL(String(headers.location));
  expect(url.pathname).toBe('/organizations/oauth2/v2.0/authorize');
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    client_id: portal.tenant.clientId,
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: 'http://localhost:3000/auth/callback',
    scope: 'openid profile email',
    prompt: 'select_account',
    login_hint: 'pia@proseware.com',
    state: expect.stringMatching(/^.{32}$/) as string,
    nonce: expect.stringMatching(/^.{32}$/) as string,
  });
});

test.each([
  ['pia', 'pia@proseware.com', 'who signs in with it', PROSEWARE_TENANT],
  ['per', 'per.olof.berg@proseware.com', 'which the tenant vouches for', PROSEWARE_TENANT],
  ['bo', 'bo@sales.fabrikam.com', 'of a subdomain', 'fab00000-0000-4000-8000-000000000001'],
] as const)('%s proves %s, %s', async (name, email, _how, tid) => {
  const visitor = newcomer(portal);
  const page = await applyFor(email, visitor);
  const back = await visitor.get(await comeBack(visitor, PARTNER_PEOPLE[name], page));
  expect(back.status).toBe(303);
  await expectPageOf(back.headers.location, page);
  const { id, state, proof } = await theRequest(email);
  expect(state).toBe('queued');
  const by = `${tid}/${PARTNER_PEOPLE[name]}`;
  expect(proof).toMatchObject({
    kind: 'tenant',
    by,
    browser: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  });
  const { rows } = await sql`
    select actor, detail from audit_event where request_id = ${id} and action = 'request.proven'`.execute(
    db(),
  );
  expect(rows).toEqual([{ actor: 'partner', detail: { kind: 'tenant', by, state: 'queued' } }]);
  expect((await visitor.status(page)).status).toBe('queued');
});

test('the proof belongs to the browser in which the person signed in', async () => {
  const stranger = newcomer(portal);
  const page = await applyFor('pia@proseware.com', stranger);
  const owner = newcomer(portal);
  const back = await owner.get(await comeBack(owner, pia, page));
  await expectPageOf((await confirm(owner, page)).headers.location, page);
  const cookies = back.headers['set-cookie'] as unknown as string[];
  const key = cookies.map((one) => /^portal\.browser=([\w-]{22});/.exec(one)?.[1]).find(Boolean) ?? '';
  const { proof } = await theRequest('pia@proseware.com');
  expect(proof?.browser).toBe(createHash('sha256').update(key).digest('hex'));
});

describe('whoever signs in for a form that another browser has sent', () => {
  const state = async () => (await theRequest('pia@proseware.com')).state;
  /** The owner of the address has followed a link to a stranger's request, and signed in. */
  async function led(headers: Record<string, string> = {}) {
    const typed = { firstName: 'Zoë', lastName: "O'Hara-Søn", company: '{{address}} "A" & B' };
    const page = await newcomer(portal).apply({ email: 'pia@proseware.com', ...typed });
    const owner = portal.visitor({ 'X-Forwarded-For': `198.20.0.${++owners}`, ...headers });
    const back = await owner.get(await comeBack(owner, pia, page));
    return { page, owner, back };
  }
  let owners = 0;

  test('sees first what was typed there, and proves nothing before the button', async () => {
    const { page, owner, back } = await led();
    expect(back.status).toBe(303);
    const [, token] = /^\/verify\/tenant\/([\w-]{22})\/confirm$/.exec(String(back.headers.location)) ?? [];
    await expectPageOf(`/requests/${token}`, page);
    const { status, text, headers } = await owner.get(toConfirm(page));
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(text).toContain(
      'Zoë O&#39;Hara-Søn of {{address}} &#34;A&#34; &amp; B has asked for access to Contoso with the address pia@proseware.com.',
    );
    expect(textOf(text)).toContain("If this wasn't you, just close this page");
    expect(text).not.toContain('Orders in the CRM');
    expect(await state()).toBe('unproven');
    const done = await confirm(owner, page);
    expect(done.status).toBe(303);
    await expectPageOf(done.headers.location, page);
    const { proof } = await theRequest('pia@proseware.com');
    expect(proof).toMatchObject({ kind: 'tenant', by: `${PROSEWARE_TENANT}/${pia}` });
    expect(await sessions()).toBe(0);
    expect((await owner.get('/admin')).status).toBe(303);
  });

  test.each([
    ['sv', 'har ansökt om åtkomst hos Contoso', 'Bekräfta ansökan'],
    ['de', 'Zugang zu Contoso beantragt', 'Antrag bestätigen'],
  ])('sees it in %s', async (language, sentence, button) => {
    const { page, owner } = await led({ 'Accept-Language': language });
    const text = textOf((await owner.get(toConfirm(page))).text);
    expect(text).toContain(sentence);
    expect(text).toContain(button);
  });

  test('needs the token of that session’s form', async () => {
    const { page, owner } = await led();
    const other = await led();
    const [foreign, open] = [await other.owner.csrf(toConfirm(page)), await newcomer(portal).csrf()];
    for (const fields of [{}, { _csrf: '' }, { _csrf: foreign }, { _csrf: open }]) {
      const answer = await owner.postRaw(toConfirm(page), fields);
      expect(answer.status).toBe(403);
      expect(textOf(answer.text)).toContain('This page has expired');
    }
    expect(await state()).toBe('unproven');
    expect((await confirm(owner, page)).status).toBe(303);
    expect(await state()).toBe('queued');
  });

  test('alone can press it: another session, or another request of the same, cannot', async () => {
    const { page, owner } = await led();
    const stranger = newcomer(portal);
    // Has a session of their own, by a sign-in that is under way.
    await stranger.get(toTenant(page));
    const seen = await stranger.get(toConfirm(page));
    expect([seen.status, seen.headers.location]).toEqual([303, page]);
    const other = await newcomer(portal).apply({ email: 'per.olof.berg@proseware.com' });
    const _csrf = await owner.csrf(toConfirm(page));
    const answer = await owner.postRaw(toConfirm(other), { _csrf });
    expect([answer.status, answer.headers.location]).toEqual([303, other]);
    expect((await theRequest('per.olof.berg@proseware.com')).state).toBe('unproven');
    const nothing = await owner.postRaw(toConfirm(`/requests/${'A'.repeat(22)}`), { _csrf });
    expect(nothing.status).toBe(404);
    expect(await state()).toBe('unproven');
  });

  test('can do so for fifteen minutes', async () => {
    const { page, owner } = await led();
    const _csrf = await owner.csrf(toConfirm(page));
    const age = (seconds: number) =>
      sql`update session set sess = jsonb_set(sess::jsonb, '{tenantConfirmations,0,signedInAt}',
        to_jsonb((sess::jsonb #>> '{tenantConfirmations,0,signedInAt}')::float8 - ${seconds * 1000}::float8))::json`.execute(
        db(),
      );
    await age(880);
    expect((await owner.get(toConfirm(page))).status).toBe(200);
    await age(21);
    expect((await owner.get(toConfirm(page))).headers.location).toBe(page);
    const answer = await owner.postRaw(toConfirm(page), { _csrf });
    expect([answer.status, answer.headers.location]).toEqual([303, page]);
    expect(await state()).toBe('unproven');
  });

  test('can do so once', async () => {
    const { page, owner } = await led();
    const _csrf = await owner.csrf(toConfirm(page));
    // What it is worth is looked at again: this time in vain.
    await putPolicy(portal, aPolicy({ partners: [proseware({ tenantId: LITWARE_TENANT })] }));
    expect((await owner.postRaw(toConfirm(page), { _csrf })).status).toBe(403);
    await putPolicy(portal, usual);
    await owner.postRaw(toConfirm(page), { _csrf });
    expect(await state()).toBe('unproven');
  });

  test('makes one proof when the button is pressed twenty times at once', async () => {
    const { page, owner } = await led();
    const _csrf = await owner.csrf(toConfirm(page));
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => owner.postRaw(toConfirm(page), { _csrf })),
    );
    expect(answers.filter(({ status }) => ![303, 403, 409].includes(status))).toEqual([]);
    const { id } = await theRequest('pia@proseware.com');
    const { rows } = await sql`
      select 1 from audit_event where request_id = ${id} and action = 'request.proven'`.execute(db());
    expect(rows).toHaveLength(1);
  });

  test('is shown nothing of it when the account is not the address’s', async () => {
    const page = await newcomer(portal).apply({ email: 'pia@proseware.com', company: 'Xyzzy' });
    const max = newcomer(portal);
    const back = await max.get(await comeBack(max, PARTNER_PEOPLE.max, page));
    expect(back.status).toBe(403);
    expect(back.text).not.toContain('Xyzzy');
    expect((await max.get(toConfirm(page))).headers.location).toBe(page);
  });

  test('stays signed in as staff', async () => {
    const page = await newcomer(portal).apply({ email: 'pia@proseware.com' });
    const ada = newcomer(portal);
    await signIn(ada, portal.tenant, STAFF.ada);
    await ada.get(await comeBack(ada, pia, page));
    await expectPageOf((await confirm(ada, page)).headers.location, page);
    expect((await ada.get('/admin')).status).toBe(200);
    expect(await state()).toBe('queued');
  });
});

describe('what shows nothing', () => {
  const cases: [who: keyof typeof PARTNER_PEOPLE, email: string, reason: string, title: string][] = [
    ['mallory', 'ana@fabrikam.com', 'otherTenant', 'This account belongs to another organisation'],
    ['dee', 'pia@proseware.com', 'otherTenant', 'This account belongs to another organisation'],
    ['max', 'pia@proseware.com', 'otherAddress', 'This is a different account'],
    ['bo', 'ana@fabrikam.com', 'otherAddress', 'This is a different account'],
    ['gus', 'gus@proseware.com', 'guestAccount', 'This is a guest account'],
  ];

  test.each(cases)('6.8.1 %s for %s: %s', async (who, email, reason, title) => {
    const visitor = newcomer(portal);
    const page = await applyFor(email, visitor);
    const answer = await visitor.get(await comeBack(visitor, PARTNER_PEOPLE[who], page));
    expect(answer.status).toBe(403);
    expect(textOf(answer.text)).toContain(title);
    expect(textOf(answer.text)).toContain('Try again with another account');
    const [, token] = /href="\/verify\/tenant\/([\w-]{22})"/.exec(answer.text) ?? [];
    await expectPageOf(`/requests/${token}`, page);
    expect(answer.text).toContain(`href="/requests/${token}"`);
    // The language is changed there, since this page cannot be had again.
    expect(answer.text).toContain(`name="back" type="hidden" value="/requests/${token}"`);
    const { id, state, proof } = await theRequest(email);
    expect([state, proof]).toEqual(['unproven', null]);
    expect(await failuresOf(id)).toEqual([
      {
        actor: 'partner',
        detail: { kind: 'tenant', reason, by: expect.stringContaining(PARTNER_PEOPLE[who]) as string },
      },
    ]);
    const lines = portal.logged().filter(({ msg }) => msg === 'sign-in refused');
    expect(lines.at(-1)).toMatchObject({ level: 'warn', reason, requestId: id });
    expect(await sessions()).toBe(0);
  });

  test('6.8.4 our own staff are another organisation', async () => {
    const visitor = newcomer(portal);
    const page = await applyFor('pia@proseware.com', visitor);
    expect((await visitor.get(await comeBack(visitor, STAFF.ada, page))).status).toBe(403);
    expect((await visitor.get('/admin')).status).toBe(303);
  });

  test('a personal account, although issuer and tenant agree', async () => {
    const visitor = newcomer(portal);
    const page = await applyFor('pia@proseware.com', visitor);
    const path = await comeBack(visitor, pia, page);
    await portal.tenant.fault({ on: 'signIn', fault: { kind: 'idToken', change: 'personalAccount' } });
    const answer = await visitor.get(path);
    expect([answer.status, textOf(answer.text)]).toEqual([
      403,
      expect.stringContaining('This is a personal account') as string,
    ]);
    expect((await theRequest('pia@proseware.com')).state).toBe('unproven');
  });

  test('whoever was refused can take the right account, from the same page', async () => {
    const visitor = newcomer(portal);
    const page = await applyFor('pia@proseware.com', visitor);
    await visitor.get(await comeBack(visitor, PARTNER_PEOPLE.max, page));
    const back = await visitor.get(await comeBack(visitor, pia, page));
    await expectPageOf(back.headers.location, page);
    expect((await theRequest('pia@proseware.com')).state).toBe('queued');
  });

  test.each([
    ['sv', 'Det här kontot hör till en annan organisation'],
    ['de', 'Dieses Konto gehört zu einer anderen Organisation'],
  ])('is said in %s', async (language, title) => {
    const visitor = portal.visitor({ 'Accept-Language': language, 'X-Forwarded-For': '198.19.0.1' });
    const page = await applyFor('pia@proseware.com', visitor);
    const { text } = await visitor.get(await comeBack(visitor, PARTNER_PEOPLE.dee, page));
    expect(textOf(text)).toContain(title);
  });
});

describe('the tenant that counts', () => {
  test('is the one that the policy names, whatever the domain says', async () => {
    await putPolicy(portal, aPolicy({ partners: [proseware({ tenantId: LITWARE_TENANT })] }));
    const visitor = newcomer(portal);
    const page = await applyFor('pia@proseware.com', visitor);
    expect((await visitor.get(await comeBack(visitor, pia, page))).status).toBe(403);
    await putPolicy(portal, aPolicy({ partners: [proseware({ tenantId: PROSEWARE_TENANT })] }));
    expect((await visitor.get(await comeBack(visitor, pia, page))).status).toBe(303);
  });

  test.each([
    ['answers 503', { kind: 'status', status: 503 }],
    ['answers with HTML', { kind: 'html', status: 200 }],
    ['breaks off', { kind: 'reset', when: 'before' }],
  ])('that cannot be looked up because Entra %s is never taken for granted', async (_what, fault) => {
    // A domain that has been looked up is known for a while: no other test asks for this one.
    await putPolicy(portal, aPolicy({ partners: [proseware({ domains: ['proseware.onmicrosoft.com'] })] }));
    const address = 'per@proseware.onmicrosoft.com';
    const visitor = newcomer(portal);
    const page = await applyFor(address, visitor);
    const path = await comeBack(visitor, PARTNER_PEOPLE.per, page);
    await portal.tenant.fault({ on: 'token', path: '^/proseware.onmicrosoft.com/', fault });
    const answer = await visitor.get(path);
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '30']);
    expect(textOf(answer.text)).toContain("We can't check this right now");
    expect(textOf(answer.text)).not.toContain('with another account');
    const { id, state } = await theRequest(address);
    expect([state, await failuresOf(id)]).toMatchObject(['unproven', [{ detail: { reason: 'lookUp' } }]]);
  });
});

describe('a sign-in is not begun', () => {
  const statusOf = async (page: string) => {
    const { status, headers } = await newcomer(portal).get(page);
    return [status, headers.location];
  };

  test('for a request that waits for nothing: its page says where it stands', async () => {
    const visitor = newcomer(portal);
    const page = await applyFor('pia@proseware.com', visitor);
    await visitor.get(await comeBack(visitor, pia, page));
    expect(await statusOf(toTenant(page))).toEqual([303, page]);
  });

  test('for a request that waits for another proof', async () => {
    const page = await applyFor('kim@wingtiptoys.com', newcomer(portal));
    expect(await statusOf(toTenant(page))).toEqual([409, undefined]);
  });

  test.each(['AAAAAAAAAAAAAAAAAAAAAA', 'x', '%00', 'AAAAAAAAAAAAAAAAAAAAAA/more'])(
    'for an address that no request has: %s',
    async (token) => {
      expect(await statusOf(`/verify/tenant/${token}`)).toEqual([404, undefined]);
    },
  );

  test('before any form where no partner wants it', async () => {
    await putPolicy(portal, aPolicy({ partners: [aPartner(), proseware({ enabled: false })] }));
    expect(await statusOf('/verify/tenant')).toEqual([404, undefined]);
  });
});

describe('whoever comes back', () => {
  const begun = async (oid: string = pia) => {
    const visitor = newcomer(portal);
    const page = await applyFor('pia@proseware.com', visitor);
    return { visitor, page, path: await comeBack(visitor, oid, page) };
  };
  const stateIs = async (state: string) => {
    expect((await theRequest('pia@proseware.com')).state).toBe(state);
  };

  test('10.2.1 in another browser proves nothing', async () => {
    const { path } = await begun();
    const elsewhere = await newcomer(portal).get(path);
    expect([elsewhere.status, elsewhere.text.includes('/admin')]).toEqual([401, false]);
    const victim = newcomer(portal);
    await victim.get('/verify/tenant');
    expect((await victim.get(path)).status).toBe(401);
    expect((await victim.get('/verify/form')).status).toBe(303);
    await stateIs('unproven');
  });

  test('a second time gains nothing', async () => {
    const { visitor, path } = await begun();
    expect((await visitor.get(path)).status).toBe(303);
    expect((await visitor.get(path)).status).toBe(401);
  });

  test('a second time after a refusal gains nothing', async () => {
    const { visitor, path } = await begun();
    await portal.tenant.fault({ on: 'token', fault: { kind: 'status', status: 500 } });
    const answer = await visitor.get(path);
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '30']);
    expect(textOf(answer.text)).toContain("Microsoft isn't answering at the moment");
    expect(textOf(answer.text)).toMatch(/Try again (?!with another)/);
    expect((await visitor.get(path)).status).toBe(401);
    await stateIs('unproven');
  });

  test('with a state of their own stays out, and can still come back with the right one', async () => {
    const { visitor, path } = await begun();
    expect((await visitor.get(path.replace(/&state=[^&]+/, `&state=${'x'.repeat(32)}`))).status).toBe(401);
    await stateIs('unproven');
    expect((await visitor.get(path)).status).toBe(303);
  });

  test.each(['/auth/callback', '/auth/callback?state=x&state=y&code=z', '/auth/callback?state[]=x&code=z'])(
    'with %s disturbs nothing that is under way',
    async (other) => {
      const { visitor, path } = await begun();
      expect((await visitor.get(other)).status).toBe(401);
      expect((await visitor.get(path)).status).toBe(303);
    },
  );

  test('without having signed in is told so, and can try again', async () => {
    const { visitor, page, path } = await begun();
    const denied = path.replace(/code=[^&]+/, 'error=access_denied&error_description=<b>AADSTS65004</b>');
    const answer = await visitor.get(denied);
    expect(answer.status).toBe(401);
    expect(textOf(answer.text)).toContain("The sign-in was cancelled, or your organisation doesn't allow it");
    expect(answer.text).not.toContain('AADSTS');
    expect(textOf(answer.text)).not.toContain('with another account');
    const [, token] = /href="\/verify\/tenant\/([\w-]{22})"/.exec(answer.text) ?? [];
    await expectPageOf(`/requests/${token}`, page);
    const { id } = await theRequest('pia@proseware.com');
    expect(await failuresOf(id)).toMatchObject([{ detail: { reason: 'denied' } }]);
  });

  test('from several tabs proves in each what it was opened for', async () => {
    const visitor = newcomer(portal);
    const first = await applyFor('pia@proseware.com', visitor);
    const second = await applyFor('per.olof.berg@proseware.com', visitor);
    const paths = [await comeBack(visitor, pia, first), await comeBack(visitor, PARTNER_PEOPLE.per, second)];
    await expectPageOf((await visitor.get(paths[1] ?? '')).headers.location, second);
    await expectPageOf((await visitor.get(paths[0] ?? '')).headers.location, first);
  });

  test('after many more tabs were opened has to begin again', async () => {
    const { visitor, page, path } = await begun();
    for (let tab = 0; tab < 7; tab++) await visitor.get(toTenant(page));
    expect((await visitor.get(path)).status).toBe(401);
    const { rows } = await sql<{ n: number }>`
      select json_array_length(sess -> 'tenantSignIns') as n from session`.execute(db());
    expect(rows).toEqual([{ n: 5 }]);
    await stateIs('unproven');
  });

  test('with what was meant for staff, or the other way round, gains nothing', async () => {
    const { visitor, path } = await begun();
    const staffPath = await answerTenant(visitor, portal.tenant, STAFF.ada);
    const part = (name: string, of: string) => new URL(of, portal.url).searchParams.get(name) ?? '';
    const mixed = (state: string, code: string) =>
      `/auth/callback?${new URLSearchParams({ state: part('state', state), code: part('code', code) }).toString()}`;
    expect((await visitor.get(mixed(path, staffPath))).status).toBe(401);
    expect((await visitor.get(mixed(staffPath, path))).status).toBe(401);
    expect((await visitor.get('/admin')).status).toBe(303);
    await stateIs('unproven');
  });

  test('once the policy asks for another proof is told that things have moved on', async () => {
    const { visitor, path } = await begun();
    await putPolicy(portal, aPolicy({ partners: [proseware({ proof: 'mailbox' })] }));
    expect((await visitor.get(path)).status).toBe(409);
    await stateIs('unproven');
  });

  test('once the partner is switched off is refused by the policy', async () => {
    const { visitor, page, path } = await begun();
    await putPolicy(portal, aPolicy({ partners: [proseware({ enabled: false })] }));
    await expectPageOf((await visitor.get(path)).headers.location, page);
    await stateIs('denied');
  });

  test('once another tab has proved it is led to the request', async () => {
    const { visitor, page, path } = await begun();
    const other = await comeBack(visitor, pia, page);
    await expectPageOf((await visitor.get(other)).headers.location, page);
    await expectPageOf((await visitor.get(path)).headers.location, page);
    await stateIs('queued');
  });
});

describe('the session', () => {
  test('of whoever is not staff is over when they have proved it', async () => {
    const visitor = newcomer(portal);
    const page = await applyFor('pia@proseware.com', visitor);
    const path = await comeBack(visitor, pia, page);
    expect(await sessions()).toBe(1);
    const back = await visitor.get(path);
    expect(sessionCookie(back)).toMatch(/^portal\.session=;.*Expires=Thu, 01 Jan 1970/);
    expect(await sessions()).toBe(0);
    expect((await visitor.get('/admin')).status).toBe(303);
  });

  test('of staff goes on, under a new id', async () => {
    const ada = newcomer(portal);
    await signIn(ada, portal.tenant, STAFF.ada);
    const page = await applyFor('pia@proseware.com', ada);
    const path = await comeBack(ada, pia, page);
    const back = await ada.get(path);
    await expectPageOf(back.headers.location, page);
    expect(sessionCookie(back)).toMatch(/^portal\.session=s/);
    expect(await sessions()).toBe(1);
    expect((await ada.get('/admin')).status).toBe(200);
  });

  test('of staff goes on when the sign-in is refused', async () => {
    const ada = newcomer(portal);
    await signIn(ada, portal.tenant, STAFF.ada);
    const page = await applyFor('pia@proseware.com', ada);
    expect((await ada.get(await comeBack(ada, PARTNER_PEOPLE.dee, page))).status).toBe(403);
    expect((await ada.get('/admin')).status).toBe(200);
  });
});
