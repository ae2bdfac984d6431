import { sql } from 'kysely';
import { sessionsOf } from '../support/sessions.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { answerTenant, STAFF } from '../support/staff.js';
import type { Visitor } from '../support/visitor.js';
import { cookiesOf } from './walk.js';

// OWASP ASVS 5.0.0, chapter 7: a session belongs to one sign-in, and ends with it.

let portal: TestPortal;
const { reset, stored, dated, change } = sessionsOf(() => portal);

beforeAll(async () => {
  portal = await startPortal({ worker: false });
});
afterAll(() => portal.close());
beforeEach(() => reset());

const statusOf = async (visitor: Visitor) => (await visitor.get('/admin')).status;
const cookieOf = async (visitor: Visitor) =>
  ((await visitor.get('/healthz')) as unknown as { request: { cookies: string } }).request.cookies;

test('7.2.4 the session’s id is another one after the sign-in, and the one before is worth nothing', async () => {
  const visitor = portal.visitor();
  const back = await answerTenant(visitor, portal.tenant, STAFF.ada);
  const before = await cookieOf(visitor);
  const [begun] = await stored();
  // An attacker who had planted the cookie still has it.
  const attacker = portal.visitor({ Cookie: before });
  expect((await visitor.get(back)).status).toBe(303);
  expect(await cookieOf(visitor)).not.toBe(before);
  expect((await stored()).map(({ sid }) => sid)).not.toContain(begun?.sid);
  expect(await statusOf(visitor)).toBe(200);
  expect(await statusOf(attacker)).toBe(303);
});

test('7.2.3 nobody chooses a session’s id: unsigned and made-up ones are not taken over', async () => {
  for (const cookie of [
    'portal.session=chosen',
    'portal.session=s%3Achosen.c2lnbmF0dXJl',
    'portal.session=s:x',
  ]) {
    const visitor = portal.visitor({ Cookie: cookie });
    expect(await statusOf(visitor)).toBe(303);
    const set = cookiesOf(await visitor.get('/sign-in')).find((one) => one.startsWith('portal.session='));
    expect(set).toMatch(/^portal\.session=s%3A[\w-]{32}\./);
    expect((await stored()).map(({ sid }) => sid)).not.toContain('chosen');
  }
});

test('7.3.1 a session that nobody uses for half an hour is over', async () => {
  const ada = await portal.staff('ada');
  expect(portal.deps.limits.idleSeconds).toBe(30 * 60);
  await sql`update session set expire = expire - interval '29 minutes'`.execute(portal.deps.store.db);
  expect(await statusOf(ada)).toBe(200);
  await sql`update session set expire = expire - interval '31 minutes'`.execute(portal.deps.store.db);
  expect(await statusOf(ada)).toBe(303);
});

test('7.3.2 and eight hours after the sign-in it is over whatever happens', async () => {
  const ada = await portal.staff('ada');
  await dated('signedInAt', 8 * 3600 - 5);
  expect(await statusOf(ada)).toBe(200);
  await dated('signedInAt', 8 * 3600 + 1);
  expect(await statusOf(ada)).toBe(303);
  expect(await stored()).toEqual([]);
});

test('7.4.1 it is dead after signing out, for every copy of its cookie', async () => {
  const ada = await portal.staff('ada');
  const copy = portal.visitor({ Cookie: await cookieOf(ada) });
  expect(await statusOf(copy)).toBe(200);
  const left = await ada.post('/sign-out', {}, { from: '/sign-out' });
  expect(cookiesOf(left).join()).toMatch(/portal\.session=;[^,]*Expires=Thu, 01 Jan 1970/);
  expect([await statusOf(copy), await statusOf(ada)]).toEqual([303, 303]);
  expect(await stored()).toEqual([]);
});

test('7.4.2 it is dead after the account was disabled', async () => {
  const ada = await portal.staff('ada');
  await change(STAFF.ada, { accountEnabled: false });
  await dated('rightsReadAt', 301);
  expect(await statusOf(ada)).toBe(303);
  expect(await stored()).toEqual([]);
});

test('7.4.2 and worth no more than the person’s roles, five minutes after one was lost', async () => {
  const ada = await portal.staff('ada');
  await change(STAFF.ada, { portalRoles: ['Portal.Auditor'] });
  await dated('rightsReadAt', 301);
  expect((await ada.get('/admin/audit')).status).toBe(200);
  const save = await ada.post('/admin/policy/save', { text: '{}', base: 'x' }, { from: '/admin' });
  expect(save.status).toBe(403);
  await change(STAFF.ada, { portalRoles: [] });
  await dated('rightsReadAt', 301);
  expect(await statusOf(ada)).toBe(403);
});
