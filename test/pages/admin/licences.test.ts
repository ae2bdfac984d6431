import { randomUUID } from 'node:crypto';
import { startRun } from '../../../src/bulk/runs.js';
import { readStanding } from '../../../src/licences/standing.js';
import { readOwnedLicences } from '../../../src/licences/readings.js';
import { warnOfLicences } from '../../../src/licences/warn.js';
import { aPartner, aPolicy, GROUPS, UNPACED } from '../../support/aPolicy.js';
import { BY, previewOf } from '../../support/aRun.js';
import { fill, save } from '../../support/formOf.js';
import { haveGuests, haveNoGuests } from '../../support/guests.js';
import { textOf } from '../../support/page.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { putPolicy } from '../../support/putPolicy.js';
import { waitFor } from '../../support/waitFor.js';
import type { Visitor } from '../../support/visitor.js';

// The report on licences: what it says first, what it does not know, what people type, and what other pages say of it.

const plain = aPolicy();
const APPS = plain.apps as Record<string, object>;
const WITH_TIERS = aPolicy({
  portal: { organization: 'Contoso', contact: 'partners@contoso.com', reviewers: ['desk@contoso.com'] },
  apps: { ...APPS, crm: { ...APPS.crm, tier: 'p1' } },
  partners: [
    aPartner({ limits: { ...UNPACED, licences: 'review' } }),
    aPartner({ id: 'manual', name: 'Manual', domains: ['manual.com'], approval: 'manual' }),
    aPartner({ id: 'both', name: 'Both', domains: ['both.com'], apps: ['crm', 'wiki'] }),
    aPartner({ id: 'staff', name: 'Staff', domains: ['staff.com'], licensing: 'employee' }),
  ],
});
const PATH = '/admin/licences';
const BASE = ['User.Invite.All', 'GroupMember.ReadWrite.All', 'User.Read.All'];

let portal: TestPortal;
let ada: Visitor;
const db = () => portal.deps.store.db;
const page = async (visitor = ada, path = PATH) => textOf((await visitor.get(path)).text);

beforeAll(async () => {
  portal = await startPortal({ policy: WITH_TIERS, worker: false });
  ada = await portal.staff('ada');
});
afterAll(() => portal.close());
beforeEach(async () => {
  await haveNoGuests(db());
  await db().deleteFrom('request').execute();
  await db().deleteFrom('licence_reading').execute();
  await db().deleteFrom('notice').execute();
  await putPolicy(portal, { ...WITH_TIERS });
});

const own = async (p1: number) => {
  await portal.tenant.settings({
    permissions: [...BASE, 'LicenseAssignment.Read.All'],
    subscriptions: [{ skuPartNumber: 'AAD_PREMIUM', enabled: p1, plans: ['p1'] }],
  });
  await portal.deps.graph.grantedPermissions(AbortSignal.timeout(10_000));
  await readOwnedLicences(portal.deps);
};
const guests = (count: number, partner = 'fabrikam', domain = 'fabrikam.com') =>
  haveGuests(db(), { partner, count, groups: [GROUPS.partners, GROUPS.crm], domain });

test('says first what is needed, owned and missing', async () => {
  await guests(60);
  await own(10);
  const text = await page();
  expect(text).toContain('P1: you need 12 licences for 60 people and own 10: 2 are missing.');
  expect(text).toContain('From Microsoft:');
  expect(text).not.toContain('Nobody needs a paid licence');
});

test('never says a number of licences that nobody knows', async () => {
  await guests(60);
  const text = await page();
  expect(text).toContain('How many licences you own isn’t known.');
  expect(text).toContain('P1: you need 12 licences for 60 people.');
  expect(text).not.toContain('you own 0');
});

test('says that without any paid licence guests have the rights of Free', async () => {
  await guests(6);
  await own(0);
  expect(await page()).toContain('every guest has the rights of Free');
});

test('takes numbers that a person types, marks them so, and refuses those that make no sense', async () => {
  await guests(60);
  const answer = await ada.post(
    `${PATH}/owned`,
    { p1: '10', basic: '', p2: '', governance: '' },
    { from: PATH },
  );
  expect(answer.status).toBe(303);
  const text = await page();
  expect(text).toContain('own 10: 2 are missing');
  expect(text).toContain('Typed in by Ada Admin, not checked');
  expect(await page(ada, '/admin/audit')).toContain('Typed in how many licences there are');
  for (const p1 of ['-1', '1.5', 'ten', '99999999999']) {
    const refused = await ada.post(`${PATH}/owned`, { p1 }, { from: PATH });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('Enter a whole number');
  }
  expect(await page()).toContain('own 10: 2 are missing');
});

test('takes empty fields for a number that nobody knows', async () => {
  await guests(60);
  await ada.post(`${PATH}/owned`, { p1: '10' }, { from: PATH });
  await ada.post(`${PATH}/owned`, { basic: '', p1: '', p2: '', governance: '' }, { from: PATH });
  expect(await page()).toContain('How many licences you own isn’t known.');
});

test('Microsoft’s numbers are preferred to typed ones', async () => {
  await guests(60);
  await ada.post(`${PATH}/owned`, { p1: '10' }, { from: PATH });
  await own(12);
  expect(await page()).toContain('and own 12, which is enough');
});

test('an auditor reads it and types nothing; an approver does not see it', async () => {
  const [aud, arne] = await Promise.all([portal.staff('aud'), portal.staff('arne')]);
  expect((await aud.get(PATH)).text).not.toContain('/admin/licences/owned');
  expect((await aud.post(`${PATH}/owned`, { p1: '10' }, { from: PATH })).status).toBe(403);
  expect((await arne.get(PATH)).status).toBe(403);
});

test('names what it does not know: tiers that the policy does not say, and own staff at public providers', async () => {
  await guests(2, 'staff', 'staff.com');
  await haveGuests(db(), { partner: 'staff', count: 1, groups: [GROUPS.crm], domain: 'gmail.com' });
  await haveGuests(db(), { partner: 'fabrikam', count: 3, groups: [GROUPS.wiki] });
  // A group that the policy does not name any more.
  await haveGuests(db(), { partner: 'fabrikam', count: 1, groups: ['99999999-0000-4000-8000-000000000001'] });
  await own(10);
  const text = await page();
  expect(text).toContain('1 member of your own staff has an address at a public email provider');
  expect(text).toContain('4 guests have access to an app or group without a tier');
  expect(text).toContain('own staff, 3 people.');
  expect(text).toContain('This takes 2 more licences.');
});

test('names requests that nobody can count any more, and guests whom several partners invited', async () => {
  const emails = ['old', 'twice', 'again'].map((name) => `${name}@fabrikam.com`);
  for (const email of emails) await portal.visitor().apply({ email });
  const provisioned = db().updateTable('request').set({ state: 'provisioned', due_at: null });
  const guest_id = randomUUID();
  await provisioned
    .set({ anonymised_at: new Date('2025-01-01T00:00:00Z') })
    .where('address', '=', 'old@fabrikam.com')
    .execute();
  await provisioned.set({ guest_id }).where('address', '=', 'twice@fabrikam.com').execute();
  await provisioned
    .set({ guest_id, partner: 'manual' })
    .where('address', '=', 'again@fabrikam.com')
    .execute();
  const text = await page();
  expect(text).toContain('1 guest was invited before the portal kept a ledger of guests');
  expect(text).toContain('1 guest came through more than one partner');
});

test('a policy without tiers is told what to do', async () => {
  await putPolicy(portal, { ...plain });
  expect(await page()).toContain('The policy doesn’t say which licences guests need.');
});

test('counts by tiers and kinds of partners that an admin chooses on their pages', async () => {
  await putPolicy(portal, { ...plain });
  await guests(5);
  await own(10);
  const change = async (path: string, fields: Record<string, string>) =>
    save(ada, (await fill(ada, path, fields)).text);
  await change('/admin/apps/crm', { tier: 'basic' });
  expect(await page()).toContain('Basic: you need 1 licence for 5 people');
  await change('/admin/groups/crm', { tier: 'p1' });
  expect(await page()).toContain('P1: you need 1 licence for 5 people');
  await change('/admin/partners/fabrikam', { licensing: 'employee', licences: 'review' });
  expect(await page()).toContain('P1: you need 5 licences for 5 people');
  const partner = portal.deps.policy.current().policy.partner('fabrikam');
  expect(partner).toMatchObject({ licensing: 'employee', limits: { licences: 'review' } });
});

test('the calculator answers, and says what is wrong with a question', async () => {
  expect(await page(ada, `${PATH}?rule=2017&guests=p1%3D60&owned=p1%3D10`)).toContain(
    'P1: 60 people, 12 needed, 10 owned, 2 missing.',
  );
  expect(await page(ada, `${PATH}?rule=mau&active=51000&price=0.00325`)).toContain('1,000 guests are billed');
  expect(await page(ada, `${PATH}?rule=2017&guests=p3%3D60`)).toContain('there is no tier “p3”');
  // The form sends what was typed for other rules as well.
  expect(await page(ada, `${PATH}?rule=mau&active=51000&price=0%2C00325&guests=p1%3D60`)).toContain(
    '1,000 guests are billed: US$3.25.',
  );
  expect(await page(ada, `${PATH}?rule=2017&guests=basic%3D12&owned=p1%3D1`)).toContain(
    'Basic: 12 people, 3 needed, 0 owned, 2 missing. 5 of them are covered by free places of higher tiers.',
  );
  expect((await ada.get(`${PATH}?rule=2017&guests=${'x'.repeat(300)}`)).status).toBe(400);
});

test('the export has every tier, partner and app, and nothing that a spreadsheet would run', async () => {
  await guests(60);
  await own(10);
  await putPolicy(portal, {
    ...WITH_TIERS,
    partners: [aPartner({ name: '=1+1' })],
  });
  const { text, headers } = await ada.get('/admin/licences.csv');
  expect(headers['content-type']).toContain('text/csv');
  expect(text).toContain('rule,2018,,p1,60,12,10,50,2');
  expect(text).toContain("partner,'=1+1,guests of a partner,p1,60");
  expect(text).toContain('licences from Microsoft,');
  expect(text).toContain('Only people who got access through this portal are counted');
  expect(text).toContain('app,Contoso CRM,,p1,60');
});

describe('what it costs', () => {
  beforeEach(async () => {
    await guests(50);
    await own(10);
  });

  test('stands beside the decision of an approver', async () => {
    const path = await portal.visitor().apply({ email: 'new@manual.com' });
    expect(path).toContain('/requests/');
    const { id } = await db()
      .selectFrom('request')
      .select('id')
      .where('address', '=', 'new@manual.com')
      .executeTakeFirstOrThrow();
    const text = await page(ada, `/admin/requests/${id}`);
    expect(text).toContain('P1 will then have 51 people: 1 more licence.');
    expect(text).toContain('1 will be missing.');
  });

  test('stands in the preview of a file', async () => {
    const id = await previewOf(portal, 'Email\nz1@fabrikam.com\nz2@fabrikam.com');
    expect(await page(ada, `/admin/runs/${id}`)).toContain('P1 will then have 52 people: 1 more licence.');
  });

  test('counts what the rows of a file get, not what their partner has', async () => {
    const file = 'Email,Groups\ny1@fabrikam.com,wiki\ny2@fabrikam.com,wiki';
    const free = await previewOf(portal, file, { grants: 'file' });
    expect(await page(ada, `/admin/runs/${free}`)).not.toContain('What it costs');
    const dear = await previewOf(portal, 'Email,Groups\nx1@manual.com,crm', { grants: 'file' });
    expect(await page(ada, `/admin/runs/${dear}`)).toContain('P1 will then have 51 people: 1 more licence.');
  });

  test('stands in the preview of a policy', async () => {
    const { text, hash } = portal.deps.policy.current();
    const dearer = text.replace('"tier":"p1"', '"tier":"p2"');
    const answer = await ada.post(
      '/admin/policy/preview',
      { text: dearer, base: hash },
      { from: '/admin/policy' },
    );
    const shown = textOf(answer.text);
    expect(shown).toContain('P2 will then have 50 people: 10 more licences.');
    expect(shown).toContain('P1 will then have 0 people: 10 fewer licences.');
  });
});

describe('limits.licences', () => {
  const stateOf = async (address: string) =>
    (
      await db()
        .selectFrom('request')
        .select(['state', 'decision'])
        .where('address', '=', address)
        .executeTakeFirstOrThrow()
    ).state;
  test('sends people who would need a missing licence to an approver, and counts those on their way', async () => {
    await guests(49);
    await own(10);
    for (const name of ['first', 'second']) await portal.visitor().apply({ email: `${name}@fabrikam.com` });
    expect(await stateOf('first@fabrikam.com')).toBe('queued');
    expect(await stateOf('second@fabrikam.com')).toBe('pending');
    expect((await readStanding(db(), portal.deps.policy.current().policy, new Date())).people.guest?.p1).toBe(
      50,
    );
  });

  test('counts people on their way by what was chosen for them, not by what their partner has', async () => {
    const file = 'Email,Groups\nfree@fabrikam.com,wiki\ndear@fabrikam.com,crm';
    const id = await previewOf(portal, file, { grants: 'file' });
    expect(await startRun(portal.deps, id, BY)).toBe('started');
    const chosen = await previewOf(portal, 'Email,Apps\nchosen@both.com,Wiki');
    expect(await startRun(portal.deps, chosen, BY)).toBe('started');
    const { people } = await readStanding(db(), portal.deps.policy.current().policy, new Date());
    expect(people.guest).toEqual({ free: 2, p1: 1 });
    expect(await page()).toContain('3 people are on their way');
  });

  test('counts people whose access is on its way, although they are guests already', async () => {
    await guests(49);
    await own(10);
    await portal.visitor().apply({ email: 'first@fabrikam.com' });
    await db()
      .insertInto('guest')
      .values({ id: randomUUID(), address: 'first@fabrikam.com', partner: 'fabrikam', came: 'portal' })
      .execute();
    expect((await readStanding(db(), portal.deps.policy.current().policy, new Date())).people.guest).toEqual({
      free: 0,
      p1: 50,
    });
    await portal.visitor().apply({ email: 'second@fabrikam.com' });
    expect(await stateOf('second@fabrikam.com')).toBe('pending');
  });

  test('of two at the same time lets in one', async () => {
    await guests(49);
    await own(10);
    await Promise.all(
      ['a', 'b', 'c'].map((name) => portal.visitor().apply({ email: `${name}@fabrikam.com` })),
    );
    const states = await Promise.all(['a', 'b', 'c'].map((name) => stateOf(`${name}@fabrikam.com`)));
    expect(states.sort()).toEqual(['pending', 'pending', 'queued']);
  });

  test('lets everybody in while nobody knows how many there are', async () => {
    await guests(60);
    await portal.visitor().apply({ email: 'unknown@fabrikam.com' });
    expect(await stateOf('unknown@fabrikam.com')).toBe('queued');
  });
});

test('reviewers are mailed once when licences run out, and once when they have', async () => {
  const queued = async () =>
    (await db().selectFrom('notice').select('id').where('kind', '=', 'licences').execute()).length;
  await own(10);
  await guests(44);
  await warnOfLicences(portal.deps, new Date());
  expect(await queued()).toBe(0);
  await guests(4);
  await warnOfLicences(portal.deps, new Date());
  await warnOfLicences(portal.deps, new Date());
  expect(await queued()).toBe(1);
  await guests(10);
  await warnOfLicences(portal.deps, new Date());
  await warnOfLicences(portal.deps, new Date());
  expect(await queued()).toBe(2);
  portal.startWorker();
  const mail = await waitFor('the mail', async () => (await portal.tenant.mailsTo('desk@contoso.com'))[0]);
  await portal.stopWorker();
  expect(mail.subject).toBe('Licences for guests are running out');
  expect(mail.text).toContain('P1: you need 12 licences for 58 people and own 10: 2 are missing.');
  // Pages share a count as long as the policy is the same.
  await putPolicy(portal, { ...WITH_TIERS, redirectHosts: ['start.contoso.com'] });
  expect(await page(ada, '/admin/overview')).toContain('P1: licences are missing.');
});
