import { findGrants, findGuestsOf, recordEarlierGuests } from '../../src/store/guests.js';
import { erasePerson } from '../../src/privacy/erasePerson.js';
import { exportPerson } from '../../src/privacy/exportPerson.js';
import { ageRequest } from '../support/ageRequest.js';
import { aPartner, aPolicy, GROUPS, WIKI } from '../support/aPolicy.js';
import { invitationsOf, ownerStatusOf, signUpUntil } from '../support/journey.js';
import { LEAST_PERMISSIONS } from '../support/permissions.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { waitFor } from '../support/waitFor.js';

// The ledger of guests and grants, and what is learned of a guest after everything was done.

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    limits: { backoffSeconds: 0.1, mailWindowSeconds: 0 },
    policy: aPolicy({ partners: [aPartner({ apps: ['crm', 'wiki'] })] }),
  });
});
afterAll(() => portal.close());
afterEach(() => portal.tenant.clearFaults());

/** Puts a request back to work, as staff do. */
async function retry(email: string): Promise<void> {
  const { id, version } = await db()
    .selectFrom('request')
    .select(['id', 'version'])
    .where('address', '=', email)
    .executeTakeFirstOrThrow();
  const page = `/admin/requests/${id}`;
  const ada = await portal.staff('ada');
  const answer = await ada.post(`${page}/retry`, { version: String(version) }, { from: page });
  expect(answer.status).toBe(303);
}

/** What an admin does in the directory itself. */
async function inDirectory(id: string | undefined, change: Record<string, unknown>): Promise<void> {
  await fetch(`${portal.tenant.peopleUrl}/control/users/${id}`, {
    method: 'PATCH',
    body: JSON.stringify(change),
    headers: { 'content-type': 'application/json' },
  });
}

const db = () => portal.deps.store.db;
const JOIN = { on: 'graph', method: 'POST', path: `${GROUPS.crm}/members/` };

async function grantsOf(address: string): Promise<Record<string, string>> {
  const [guest] = await findGuestsOf(db(), address);
  const named = { [GROUPS.partners]: 'partners', [GROUPS.crm]: 'crm', [WIKI.servicePrincipalId]: 'wiki' };
  return Object.fromEntries(
    (guest?.grants ?? []).map((grant) => [named[grant.target_id] ?? '', grant.found]),
  );
}

test('what the portal gave to an account that it made is recorded as created', async () => {
  await signUpUntil(portal, 'provisioned', 'new@fabrikam.com');
  const [guest] = await findGuestsOf(db(), 'new@fabrikam.com');
  expect(guest).toMatchObject({ came: 'portal', accepted: false, partner: 'fabrikam', gone_at: null });
  expect(await grantsOf('new@fabrikam.com')).toEqual({
    partners: 'created',
    crm: 'created',
    wiki: 'created',
  });
});

test('what was there before is recorded as found', async () => {
  const { id } = await portal.tenant.addUser({ mail: 'old@fabrikam.com', userType: 'Guest', accepted: true });
  await portal.deps.graph.call({
    method: 'POST',
    path: `/groups/${GROUPS.crm}/members/$ref`,
    body: { '@odata.id': `${portal.deps.graph.baseUrl}/directoryObjects/${id}` },
  });
  await signUpUntil(portal, 'provisioned', 'old@fabrikam.com');
  expect(await findGuestsOf(db(), 'old@fabrikam.com')).toMatchObject([{ id, came: 'found', accepted: true }]);
  expect(await grantsOf('old@fabrikam.com')).toEqual({ partners: 'created', crm: 'found', wiki: 'created' });
});

test('a grant whose answer was lost is recorded as unknown', async () => {
  await portal.tenant.fault({ ...JOIN, fault: { kind: 'reset', when: 'after' } });
  await signUpUntil(portal, 'provisioned', 'lost@fabrikam.com');
  expect(await grantsOf('lost@fabrikam.com')).toEqual({
    partners: 'created',
    crm: 'unknown',
    wiki: 'created',
  });
});

test('guests of a version before the ledger are recorded once, as unknown, and keep what is known later', async () => {
  await signUpUntil(portal, 'provisioned', 'before@fabrikam.com');
  const [guest] = await findGuestsOf(db(), 'before@fabrikam.com');
  await db().deleteFrom('guest').where('address', '=', 'before@fabrikam.com').execute();
  expect(await findGrants(db(), guest?.id ?? '')).toEqual([]);
  await recordEarlierGuests(db());
  await recordEarlierGuests(db());
  expect(await findGuestsOf(db(), 'before@fabrikam.com')).toMatchObject([{ id: guest?.id, came: 'unknown' }]);
  expect(await grantsOf('before@fabrikam.com')).toEqual({
    partners: 'unknown',
    crm: 'unknown',
    wiki: 'unknown',
  });
});

test('npm run person shows them, and erases the address, and not what is still to be taken away', async () => {
  await signUpUntil(portal, 'provisioned', 'erased@fabrikam.com');
  const exported = (await exportPerson(db(), { address: 'erased@fabrikam.com' })) as {
    access: { id: string; grants: unknown[] }[];
  };
  expect(exported.access).toMatchObject([{ grants: [{}, {}, {}] }]);
  const id = exported.access[0]?.id ?? '';
  const { guests } = await erasePerson(db(), { address: 'erased@fabrikam.com' });
  expect(guests).toEqual([id]);
  expect(await findGuestsOf(db(), 'erased@fabrikam.com')).toEqual([]);
  expect(await findGrants(db(), id)).toHaveLength(3);
});

describe('a guest who is deleted after everything was done', () => {
  const email = 'gone@fabrikam.com';
  let path: string;

  beforeAll(async () => {
    const visitor = portal.visitor();
    path = await visitor.apply({ email });
    await signUpUntil(portal, 'provisioned', email, path);
    await ageRequest(portal, path, 60);
    const { id } = (await portal.tenant.guest(email)) ?? {};
    await inDirectory(id, { deleted: true });
    await visitor.post(`${path}/resend`, {});
  });

  test('is learned of by the next resend: the request is held, the owner mailed the truth, the access ended', async () => {
    expect(await signUpUntil(portal, 'held', email, path)).toMatchObject({ reason: 'guestGone' });
    await waitFor('the mail', async () => (await portal.tenant.mailsTo(email)).length === 2);
    const mails = await portal.tenant.mailsTo(email);
    expect(mails.at(-1)?.text).toContain('guest account has been removed');
    const [guest] = await findGuestsOf(db(), email);
    expect(guest?.gone_at).not.toBeNull();
    expect(guest?.grants.map(({ ended_by }) => ended_by)).toEqual(['guestGone', 'guestGone', 'guestGone']);
    expect(portal.logged()).toContainEqual(
      expect.objectContaining({ level: 'error', state: 'held', problem: 'guestGone' }),
    );
  });

  test('is invited anew when staff queue the request again', async () => {
    const ada = await portal.staff('ada');
    const { id, version } = await db()
      .selectFrom('request')
      .select(['id', 'version'])
      .where('address', '=', email)
      .executeTakeFirstOrThrow();
    const page = `/admin/requests/${id}`;
    const answer = await ada.post(`${page}/retry`, { version: String(version) }, { from: page });
    expect(answer.status).toBe(303);
    await signUpUntil(portal, 'provisioned', email, path);
    expect(await invitationsOf(portal, email)).toHaveLength(2);
    expect(await portal.tenant.guest(email)).toMatchObject({ groups: [GROUPS.partners, GROUPS.crm] });
    const guests = await findGuestsOf(db(), email);
    expect(guests.map(({ gone_at }) => gone_at === null)).toEqual([false, true]);
  });
});

test('a guest who is blocked after everything was done is learned of too, and goes on once unblocked', async () => {
  const email = 'blocked@fabrikam.com';
  const visitor = portal.visitor();
  const path = await visitor.apply({ email });
  await signUpUntil(portal, 'provisioned', email, path);
  await ageRequest(portal, path, 60);
  const { id } = (await portal.tenant.guest(email)) ?? {};
  await inDirectory(id, { accountEnabled: false });
  await visitor.post(`${path}/resend`, {});
  expect(await signUpUntil(portal, 'held', email, path)).toMatchObject({ reason: 'guestBlocked' });
  const before = (await portal.tenant.mailsTo(email)).length;
  await retry(email);
  // Still blocked: the directory is asked again, and nothing is called done.
  expect(await signUpUntil(portal, 'held', email, path)).toMatchObject({ reason: 'guestBlocked' });
  await inDirectory(id, { accountEnabled: true });
  await retry(email);
  await signUpUntil(portal, 'provisioned', email, path);
  await waitFor('the mail', async () => (await portal.tenant.mailsTo(email)).length > before);
  expect(await grantsOf(email)).toEqual({ partners: 'created', crm: 'created', wiki: 'created' });
});

test('a guest who has another address now is not called deleted, and keeps what the ledger says', async () => {
  const email = 'renamed@fabrikam.com';
  const visitor = portal.visitor();
  const path = await visitor.apply({ email });
  await signUpUntil(portal, 'provisioned', email, path);
  await ageRequest(portal, path, 60);
  const { id = '' } = (await portal.tenant.guest(email)) ?? {};
  await portal.tenant.settings({ permissions: [...LEAST_PERMISSIONS, 'User.ReadWrite.All'] });
  await portal.deps.graph.call({
    method: 'PATCH',
    path: `/users/${id}`,
    body: { mail: 'married@fabrikam.com', otherMails: [], userPrincipalName: 'x@contoso.com' },
  });
  await inDirectory(id, { proxyAddresses: [] });
  await portal.tenant.settings({ permissions: LEAST_PERMISSIONS });
  await visitor.post(`${path}/resend`, {});
  await waitFor('the look', async () => (await ownerStatusOf(portal, path)).reason === 'ambiguousGuest');
  expect((await ownerStatusOf(portal, path)).status).toBe('provisioned');
  expect(await grantsOf(email)).toEqual({ partners: 'created', crm: 'created', wiki: 'created' });
});

test('a guest whom an earlier version invited goes on from there', async () => {
  const email = 'halfway@fabrikam.com';
  await portal.tenant.fault({ ...JOIN, times: 3, fault: { kind: 'status', status: 503 } });
  const path = await portal.visitor().apply({ email });
  await waitFor('the invitation', async () => (await findGuestsOf(db(), email)).length === 1);
  await db().deleteFrom('guest').where('address', '=', email).execute();
  await signUpUntil(portal, 'provisioned', email, path);
  expect(await findGuestsOf(db(), email)).toMatchObject([{ came: 'unknown' }]);
});

describe('where the portal may write profiles', () => {
  beforeAll(() => portal.tenant.settings({ permissions: [...LEAST_PERMISSIONS, 'User.ReadUpdate.All'] }));
  afterAll(() => portal.tenant.settings({ permissions: LEAST_PERMISSIONS }));

  test('the account of a new guest gets name, organisation and language', async () => {
    // A token from before lacks the permission.
    await portal.deps.graph.grantedPermissions(AbortSignal.timeout(5_000));
    await signUpUntil(portal, 'provisioned', 'profile@fabrikam.com');
    expect(await portal.tenant.guest('profile@fabrikam.com')).toMatchObject({
      givenName: 'Ana',
      surname: 'Lind',
      companyName: 'Fabrikam',
      preferredLanguage: 'en',
    });
  });

  test('an account that was there before keeps what it says', async () => {
    await portal.tenant.addUser({ mail: 'kept@fabrikam.com', userType: 'Guest', givenName: 'Kim' });
    await signUpUntil(portal, 'provisioned', 'kept@fabrikam.com');
    expect(await portal.tenant.guest('kept@fabrikam.com')).toMatchObject({
      givenName: 'Kim',
      companyName: null,
    });
  });

  test('a refusal is logged, and nothing else is lost', async () => {
    const fault = {
      kind: 'status',
      status: 400,
      body: { error: { code: 'Request_BadRequest', message: 'No' } },
    };
    await portal.tenant.fault({ on: 'graph', method: 'PATCH', path: '^/users/', fault });
    await signUpUntil(portal, 'provisioned', 'noprofile@fabrikam.com');
    expect(portal.logged()).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        msg: 'the profile of a guest was not written',
        graphStatus: 400,
      }),
    );
  });
});

describe('a guest who was deleted may be brought back from the request’s page', () => {
  const email = 'restored@fabrikam.com';
  let page: string;
  let id: string;

  beforeAll(async () => {
    const visitor = portal.visitor();
    const path = await visitor.apply({ email });
    await signUpUntil(portal, 'provisioned', email, path);
    await ageRequest(portal, path, 60);
    id = (await portal.tenant.guest(email))?.id ?? '';
    await inDirectory(id, { deleted: true });
    await visitor.post(`${path}/resend`, {});
    await signUpUntil(portal, 'held', email, path);
    const request = await db()
      .selectFrom('request')
      .select('id')
      .where('address', '=', email)
      .executeTakeFirstOrThrow();
    page = `/admin/requests/${request.id}`;
  });
  afterAll(() => portal.tenant.settings({ permissions: LEAST_PERMISSIONS }));

  async function restore() {
    const ada = await portal.staff('ada');
    const { text } = await ada.get(page);
    expect(text).toContain(`action="${page}/restore"`);
    const version = /name="version" value="(\d+)"/.exec(text)?.[1];
    return ada.post(`${page}/restore`, { version }, { from: page });
  }

  test('not without the permission, which the answer names', async () => {
    const answer = await restore();
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('User.DeleteRestore.All');
  });

  test('with it, the same account is back with what it had, and the request goes on', async () => {
    await portal.tenant.settings({ permissions: [...LEAST_PERMISSIONS, 'User.DeleteRestore.All'] });
    await portal.deps.graph.grantedPermissions(AbortSignal.timeout(5_000));
    expect((await restore()).status).toBe(303);
    await waitFor('the request', async () => {
      const { state } = await db()
        .selectFrom('request')
        .select('state')
        .where('address', '=', email)
        .executeTakeFirstOrThrow();
      return state === 'provisioned';
    });
    expect(await portal.tenant.guest(email)).toMatchObject({ id, groups: [GROUPS.partners, GROUPS.crm] });
    const [guest] = await findGuestsOf(db(), email);
    expect(guest).toMatchObject({ id, gone_at: null });
  });
});
