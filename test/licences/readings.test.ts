import { sql } from 'kysely';
import { readActiveGuests, readGovernedGuests, readOwnedLicences } from '../../src/licences/readings.js';
import { readOwned, readReport } from '../../src/licences/report.js';
import { watchLicences } from '../../src/licences/watch.js';
import { ownedIn } from '../../src/licences/owned.js';
import { erasePerson } from '../../src/privacy/erasePerson.js';
import { exportPerson } from '../../src/privacy/exportPerson.js';
import { countMonths, findMonths, recordMonths } from '../../src/store/licences.js';
import { findReading } from '../../src/store/licenceReadings.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { workOn } from '../support/workOn.js';

// What is read from Microsoft for the report on licences, and what is said where it cannot be read.

const PERMISSIONS = ['User.Invite.All', 'GroupMember.ReadWrite.All', 'User.Read.All'];
const ALL = [...PERMISSIONS, 'LicenseAssignment.Read.All', 'AuditLog.Read.All'];
const NOW = new Date('2026-11-15T02:00:00Z');
const P1 = { skuPartNumber: 'AAD_PREMIUM', enabled: 10, plans: ['p1'] };

let portal: TestPortal;
const db = () => portal.deps.store.db;

beforeAll(async () => {
  // A worker would read as well.
  portal = await startPortal({ worker: false });
});
afterAll(() => portal.close());
beforeEach(async () => {
  await portal.tenant.clearFaults();
  await portal.tenant.settings({ permissions: ALL, subscriptions: [P1], premium: true });
  // The permissions stand in the token.
  await portal.deps.graph.grantedPermissions(AbortSignal.timeout(10_000));
  await db().deleteFrom('licence_reading').execute();
  await db().deleteFrom('guest_month').execute();
});

const permit = async (permissions: string[]) => {
  await portal.tenant.settings({ permissions });
  await portal.deps.graph.grantedPermissions(AbortSignal.timeout(10_000));
};
const counts = async (kind: 'active' | 'governed', now = NOW) =>
  (await readReport(db(), portal.deps.policy.current().policy, now)).trend.months.map((month) => month[kind]);
const findActiveMonths = async () => {
  const { rows } = await sql<{ month: string }>`
    select distinct to_char(month, 'YYYY-MM') as month from guest_month order by 1`.execute(db());
  return rows.map(({ month }) => month);
};
const graphCalls = async (path: RegExp) => (await portal.tenant.graphCalls('GET', path)).length;

describe('the licences owned', () => {
  test('are those of subscriptions in force, and each place counts once, at its highest tier', async () => {
    await portal.tenant.settings({
      subscriptions: [
        P1,
        { skuPartNumber: 'SPE_E5', enabled: 4, plans: ['p1', 'p2'] },
        { skuPartNumber: 'EMS', warning: 5, plans: ['p1'], capabilityStatus: 'Warning' },
        { skuPartNumber: 'OLD', enabled: 0, suspended: 7, plans: ['p1'], capabilityStatus: 'Suspended' },
        { skuPartNumber: 'OFF', enabled: 3, plans: ['p2'], provisioningStatus: 'Disabled' },
        { skuPartNumber: 'SUITE', enabled: 2, plans: ['p1', 'p2', 'governance'] },
        { skuPartNumber: 'ADD_ON', enabled: 5, plans: ['governance'] },
        { skuPartNumber: 'FLOW_FREE', enabled: 10_000, plans: [] },
      ],
    });
    await readOwnedLicences(portal.deps);
    expect(await readOwned(db())).toMatchObject({
      source: 'microsoft',
      // The add-on lies on the four of P2 and on one of P1.
      tiers: { basic: 0, p1: 14, p2: 0, governance: 7 },
      lifted: 5,
      notCounted: [
        { sku: 'OLD', status: 'Suspended', units: 7 },
        { sku: 'OFF', status: 'notProvisioned', units: 3 },
      ],
      others: ['FLOW_FREE'],
      problem: null,
    });
  });

  test('are read once an hour', async () => {
    const before = await graphCalls(/subscribedSkus/);
    await readOwnedLicences(portal.deps);
    await readOwnedLicences(portal.deps);
    expect((await graphCalls(/subscribedSkus/)) - before).toBe(1);
  });

  test('are unknown without the permission, which is never asked for in vain, and never 0', async () => {
    await readOwnedLicences(portal.deps);
    await db().updateTable('licence_reading').set({ tried_at: null }).execute();
    await permit(PERMISSIONS);
    const before = await graphCalls(/subscribedSkus/);
    await readOwnedLicences(portal.deps);
    expect(await readOwned(db())).toMatchObject({
      tiers: null,
      source: null,
      problem: { code: 'notPermitted' },
    });
    expect(await graphCalls(/subscribedSkus/)).toBe(before);
  });

  test('stay those of the last reading while Microsoft does not answer', async () => {
    await readOwnedLicences(portal.deps);
    await db().updateTable('licence_reading').set({ tried_at: null }).execute();
    await portal.tenant.fault({
      on: 'graph',
      path: 'subscribedSkus',
      fault: { kind: 'status', status: 503 },
      times: 0,
    });
    await readOwnedLicences(portal.deps);
    expect(await readOwned(db())).toMatchObject({ tiers: { p1: 10 }, problem: { code: 'unavailable' } });
  });

  test('of a subscription that says nothing are none', () => {
    expect(ownedIn([{}, { servicePlans: null, prepaidUnits: null, capabilityStatus: null }])).toEqual({
      tiers: { basic: 0, p1: 0, p2: 0, governance: 0 },
      notCounted: [],
      others: ['', ''],
      lifted: 0,
    });
  });
});

describe('active guests', () => {
  const people = [
    { mail: 'now@fabrikam.com', signedInAt: '2026-11-10T08:00:00Z' },
    { mail: 'then@fabrikam.com', signedInAt: '2026-09-30T23:59:59Z' },
    { mail: 'long.ago@fabrikam.com', signedInAt: '2024-01-01T00:00:00Z' },
    { mail: 'never@fabrikam.com' },
    { mail: 'member@contoso.com', userType: 'Member', signedInAt: '2026-11-10T08:00:00Z' },
  ];
  beforeAll(async () => {
    for (const user of people) await portal.tenant.addUser(user);
  });

  test('are counted in the month of their last sign-in; months that were never read are unknown', async () => {
    await readActiveGuests(portal.deps, { now: NOW });
    expect(await counts('active')).toEqual([...Array<null>(11).fill(null), 1]);
    // What is older than thirteen months is not kept.
    expect(await findActiveMonths()).toEqual(['2026-09', '2026-11']);
    const [call] = (await portal.tenant.graphCalls('GET', /\/users$/)).slice(-1);
    expect(call?.requestHeaders).not.toHaveProperty('consistencylevel');
    expect(call?.query).toMatchObject({ $top: '500' });
  });

  test('in the first days of a month tell of the month before too, if that was read', async () => {
    const now = new Date('2026-12-01T02:00:00Z');
    const readNow = async () => {
      await db().updateTable('licence_reading').set({ tried_at: null }).execute();
      await readActiveGuests(portal.deps, { now });
    };
    await readNow();
    expect(await counts('active', now)).toEqual([...Array<null>(11).fill(null), 0]);
    await db().deleteFrom('licence_reading').execute();
    await readActiveGuests(portal.deps, { now: NOW });
    await readNow();
    expect(await counts('active', now)).toEqual([...Array<null>(10).fill(null), 1, 0]);
  });

  test('are read once a day', async () => {
    const before = await graphCalls(/\/users$/);
    await readActiveGuests(portal.deps, { now: NOW });
    await readActiveGuests(portal.deps, { now: NOW });
    expect((await graphCalls(/\/users$/)) - before).toBe(1);
  });

  test.each([
    ['the permission', async () => permit(PERMISSIONS), 'notPermitted'],
    ['a licence', () => portal.tenant.settings({ premium: false }), 'noLicence'],
  ])('are unknown without %s', async (_what, take, code) => {
    await take();
    await readActiveGuests(portal.deps, { now: NOW });
    expect((await findReading(db(), 'active')).problem).toEqual({ code });
    expect(await counts('active')).toEqual(Array<null>(12).fill(null));
  });

  test('that could not be read to the end are read on from the same page', async () => {
    await portal.tenant.fault({
      on: 'graph',
      path: '^/users$',
      fault: { kind: 'status', status: 503 },
      times: 1,
    });
    await readActiveGuests(portal.deps, { now: NOW });
    expect((await findReading(db(), 'active')).problem).toMatchObject({ code: 'unavailable' });
    // Ten minutes later.
    await db()
      .updateTable('licence_reading')
      .set({ tried_at: new Date(Date.now() - 700_000) })
      .execute();
    await readActiveGuests(portal.deps, { now: NOW });
    expect((await findReading(db(), 'active')).problem).toBeNull();
    expect((await counts('active')).at(-1)).toBe(1);
  });

  test('are kept for thirteen months and no longer', async () => {
    await readActiveGuests(portal.deps, { now: NOW });
    await db().updateTable('licence_reading').set({ tried_at: null }).execute();
    const later = new Date('2027-11-15T02:00:00Z');
    await readActiveGuests(portal.deps, { now: later });
    expect(await findActiveMonths()).toEqual(['2026-11']);
  });
});

describe('a reading in pages', () => {
  const many = Array.from({ length: 501 }, (_, index) => index);

  beforeAll(async () => {
    for (const index of many)
      await portal.tenant.addUser({ mail: `page${index}@fabrikam.com`, signedInAt: '2026-11-01T00:00:00Z' });
  });

  test('that is cut off goes on where it was', async () => {
    const stopping = new AbortController();
    stopping.abort();
    await readActiveGuests(portal.deps, { now: NOW, stopping: stopping.signal });
    expect((await findReading(db(), 'active')).cursor).not.toBeNull();
    const before = await graphCalls(/\/users$/);
    await readActiveGuests(portal.deps, { now: NOW });
    expect((await graphCalls(/\/users$/)) - before).toBe(2);
    expect((await counts('active')).at(-1)).toBe(502);
  });

  test('that was cut off more than a day ago begins again', async () => {
    const stopping = new AbortController();
    stopping.abort();
    await readActiveGuests(portal.deps, { now: NOW, stopping: stopping.signal });
    const gone = { path: '/users?$skiptoken=gone', until: NOW.toISOString(), months: ['2026-11'] };
    const cursor = JSON.stringify(gone);
    await db().updateTable('licence_reading').set({ cursor }).where('name', '=', 'active').execute();
    await readActiveGuests(portal.deps, { now: new Date(NOW.getTime() + 25 * 3_600_000) });
    expect(await findReading(db(), 'active')).toMatchObject({ cursor: null, problem: null });
    expect((await counts('active')).at(-1)).toBe(502);
  });
});

describe('governed guests', () => {
  test('are those a billed feature touched, each once a month', async () => {
    const ana = await portal.tenant.addUser({ mail: 'ana.gov@fabrikam.com' });
    const ben = await portal.tenant.addUser({ mail: 'ben.gov@fabrikam.com' });
    // One moment for all, so that no month ends in between. The simulator keeps entries of the last thirty days only.
    const now = new Date(Math.floor(Date.now() / 1_000) * 1_000);
    const at = now.toISOString();
    const entry = (target: string, more = {}) => ({ at, activity: 'Assign', target, billed: true, ...more });
    await portal.tenant.audit(
      entry(ana.id),
      entry(ana.id, { activity: 'Run workflow' }),
      entry(ben.id),
      entry(ben.id, { billed: false }),
      entry('11111111-0000-4000-8000-000000000001', { targetType: 'Member' }),
    );
    await readGovernedGuests(portal.deps, { now });
    expect((await counts('governed', now)).at(-1)).toBe(2);
    // The next reading goes over the last hour again, and counts nobody twice.
    await db().updateTable('licence_reading').set({ tried_at: null }).execute();
    await readGovernedGuests(portal.deps, { now });
    expect((await counts('governed', now)).at(-1)).toBe(2);
  });

  const guestId = (index: number) => `55555555-0000-4000-8000-${String(index).padStart(12, '0')}`;
  const touched = async (month: string, from: number, count: number) =>
    recordMonths(
      db(),
      'governed',
      Array.from({ length: count }, (_, index) => ({ guest: guestId(from + index), month })),
    );
  const billed = async (month: string) =>
    (await countMonths(db(), month)).map((one) => [one.month, one.count]).sort();

  test('500 assigned automatically and 500 others converted are 1,000; 100 of the next month are 100', async () => {
    await touched('2026-10', 0, 500);
    await touched('2026-10', 500, 500);
    await touched('2026-11', 0, 100);
    expect(await billed('2026-10')).toEqual([
      ['2026-10', 1_000],
      ['2026-11', 100],
    ]);
  });

  test('300 touched by a workflow and 400 by another feature, 200 of them the same, are 500', async () => {
    await touched('2026-10', 0, 300);
    await touched('2026-10', 100, 400);
    expect(await billed('2026-10')).toEqual([['2026-10', 500]]);
  });

  test('of a reading that was cut off for hours are all counted by the next one', async () => {
    const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    const stopping = new AbortController();
    stopping.abort();
    await readGovernedGuests(portal.deps, { now: ago(3), stopping: stopping.signal });
    const cy = await portal.tenant.addUser({ mail: 'cy.gov@fabrikam.com' });
    const at = ago(2).toISOString();
    await portal.tenant.audit({ at, activity: 'Assign', target: cy.id, billed: true });
    await readGovernedGuests(portal.deps, { now: new Date() });
    expect(await findMonths(db(), [cy.id])).toEqual([]);
    await db().updateTable('licence_reading').set({ tried_at: null }).execute();
    await readGovernedGuests(portal.deps, { now: new Date() });
    expect(await findMonths(db(), [cy.id])).toHaveLength(1);
  });

  test('of a month before the first reading are unknown, also in the first days of the next', async () => {
    // Long after the entries of the other tests, which are of today.
    const now = new Date('2099-12-01T02:00:00Z');
    await readGovernedGuests(portal.deps, { now });
    expect(await counts('governed', now)).toEqual([...Array<null>(11).fill(null), 0]);
  });

  test('are unknown while Microsoft wants to be left alone', async () => {
    await portal.tenant.fault({
      on: 'graph',
      path: 'directoryAudits',
      fault: { kind: 'status', status: 429 },
      times: 1,
    });
    await readGovernedGuests(portal.deps, { now: new Date() });
    expect((await findReading(db(), 'governed')).problem).toMatchObject({ code: 'unavailable' });
    expect(await counts('governed', new Date())).toEqual(Array<null>(12).fill(null));
  });
});

test('old months go', async () => {
  await readActiveGuests(portal.deps, { now: NOW });
  const [before] = await findActiveMonths();
  expect(before).toBe('2026-09');
  const later = new Date('2027-10-15T02:00:00Z');
  await watchLicences(portal.deps, { now: later, stopping: new AbortController().signal });
  expect(await findActiveMonths()).toEqual(['2026-11']);
});

test('the months of a person are exported, and erased with them', async () => {
  await portal.visitor().apply({ email: 'seen@fabrikam.com' });
  const { id: request } = await db().selectFrom('request').select('id').executeTakeFirstOrThrow();
  await workOn(portal.deps, request);
  const guest = await portal.tenant.guest('seen@fabrikam.com');
  const id = guest?.id ?? '';
  await fetch(`${portal.tenant.peopleUrl}/control/users/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ signedInAt: '2026-11-12T08:00:00Z' }),
  });
  await readActiveGuests(portal.deps, { now: NOW });
  const subject = { address: 'seen@fabrikam.com' };
  expect(await exportPerson(db(), subject)).toMatchObject({
    months: [{ guest_id: id, month: '2026-11', kind: 'active' }],
  });
  await erasePerson(db(), subject);
  expect(await findMonths(db(), [id])).toEqual([]);
});
