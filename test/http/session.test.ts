import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import supertest from 'supertest';
import { createApp } from '../../src/app.js';
import type { Limits } from '../../src/limits.js';
import { deleteEndedSessions } from '../../src/store/sessions.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { sessionsOf } from '../support/sessions.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { APPROVERS, signIn, STAFF } from '../support/staff.js';
import { Visitor } from '../support/visitor.js';
import { waitFor } from '../support/waitFor.js';

let portal: TestPortal;
const { reset, stored, dated, change } = sessionsOf(() => portal);

const start = (limits: Partial<Limits> = {}) =>
  startPortal({
    worker: false,
    limits,
    policy: aPolicy({ partners: [aPartner({ approvers: [STAFF.lia, APPROVERS] })] }),
  });
beforeAll(async () => {
  portal = await start();
});
afterAll(() => portal.close());
beforeEach(() => reset());

const statusOf = async (visitor: Visitor, path = '/admin/requests') => (await visitor.get(path)).status;
const refreshes = async () => {
  const ledger = (await (await fetch(`${portal.tenant.peopleUrl}/control/ledger`)).json()) as {
    requestBody?: { grant_type?: string };
  }[];
  return ledger.filter(({ requestBody }) => requestBody?.grant_type === 'refresh_token').length;
};
/** The cookies that an answered request carried. */
const cookieSent = (answer: object) => (answer as { request: { cookies: string } }).request.cookies;
/** The same, when the rights are to be read again. */
const statusLater = async (visitor: Visitor) => {
  await dated('rightsReadAt', 600);
  return statusOf(visitor);
};

describe('a session', () => {
  test('7.3.1 ends when it is not used for half an hour, and lives on while it is', async () => {
    const ada = await portal.staff('ada');
    expect(portal.deps.limits.idleSeconds).toBe(30 * 60);
    const wait = (minutes: number) =>
      sql`update session set expire = expire - ${minutes} * interval '1 minute'`.execute(
        portal.deps.store.db,
      );
    for (let looks = 0; looks < 3; looks++) {
      await wait(29);
      expect(await statusOf(ada)).toBe(200);
    }
    await wait(31);
    expect(await statusOf(ada)).toBe(303);
  });

  test('7.3.2 ends some hours after the sign-in, also while it is used', async () => {
    const ada = await portal.staff('ada');
    await dated('signedInAt', 8 * 3600 - 5);
    expect(await statusOf(ada)).toBe(200);
    await dated('signedInAt', 8 * 3600 + 1);
    expect(await statusOf(ada)).toBe(303);
    expect(await stored()).toEqual([]);
  });

  test('that is over leaves the store', async () => {
    await portal.staff('ada');
    await portal.staff('arne');
    const { db } = portal.deps.store;
    const [over, going] = await stored();
    await sql`update session set expire = now() - interval '1 second' where sid = ${over?.sid}`.execute(db);
    await deleteEndedSessions(db);
    expect((await stored()).map(({ sid }) => sid)).toEqual([going?.sid]);
  });

  test('is written once, however many pages are read in a minute', async () => {
    const ada = await portal.staff('ada');
    const before = await stored();
    for (let page = 0; page < 5; page++) await ada.get('/admin');
    expect(await stored()).toEqual(before);
  });

  test('7.4.1 that was signed out is over for every copy of its cookie', async () => {
    const ada = await portal.staff('ada');
    const answer = await ada.get('/sign-out');
    const cookie = cookieSent(answer);
    const copy = portal.visitor({ Cookie: cookie });
    expect(await statusOf(copy)).toBe(200);
    const left = await ada.post('/sign-out', {}, { from: '/sign-out' });
    expect(left.headers['set-cookie']).toEqual(
      expect.arrayContaining([expect.stringMatching(/^portal\.session=;.*Expires=Thu, 01 Jan 1970/)]),
    );
    expect(await statusOf(copy)).toBe(303);
    expect(await stored()).toEqual([]);
  });

  test('that was signed out stays so, though a page of it was still under way', async () => {
    const ada = await portal.staff('ada');
    await portal.tenant.fault({ on: 'token', fault: { kind: 'hang', when: 'after', ms: 1_500 } });
    await dated('rightsReadAt', 600);
    const slow = ada.get('/admin').then(({ status }) => status);
    await waitFor('the page to be under way', async () => (await refreshes()) > 0);
    await ada.post('/sign-out', {}, { from: '/sign-out' });
    await slow;
    expect(await stored()).toEqual([]);
    expect(await statusOf(ada)).toBe(303);
  });

  test('that nobody finishes beginning is gone after a while, and holds no person', async () => {
    await portal.visitor().get('/sign-in');
    const [session] = await stored();
    expect(session?.sess).not.toHaveProperty('person');
    expect(Date.parse(`${session?.expire ?? ''}Z`) - Date.now()).toBeLessThan(16 * 60_000);
  });

  test('holds no token that a reader of the store could use', async () => {
    await portal.staff('ada');
    const [session] = await stored();
    expect(session?.sess.refreshToken).toMatch(/^[\w-]{100,}$/);
    expect(JSON.stringify(session)).not.toMatch(/eyJ|"1\./);
  });

  test('is one for all instances of the portal', async () => {
    const ada = await portal.staff('ada');
    const answer = await ada.get('/admin');
    const cookie = cookieSent(answer);
    const other: Server = createApp(portal.deps).listen(0);
    await once(other, 'listening');
    const url = `http://localhost:${(other.address() as AddressInfo).port}`;
    try {
      const there = new Visitor(url, { Cookie: cookie });
      expect(await statusOf(there)).toBe(200);
      await ada.post('/sign-out', {}, { from: '/sign-out' });
      expect(await statusOf(there)).toBe(303);
    } finally {
      other.closeAllConnections();
      other.close();
    }
  });

  test('outlives a new secret, and not a lost one', async () => {
    const { config } = portal.deps;
    const answer = await (await portal.staff('ada')).get('/admin');
    const cookie = cookieSent(answer);
    const at = async (secrets: [string, ...string[]]) => {
      const app = createApp({ ...portal.deps, config: { ...config, secrets } });
      return (await supertest(app).get('/admin').set('Cookie', cookie)).status;
    };
    const fresh = 'a-newer-secret-0123456789-0123456789';
    await dated('rightsReadAt', 3600);
    expect(await at([fresh, ...config.secrets])).toBe(200);
    expect(await at([fresh])).toBe(303);
  });

  test('over https has a cookie that no other host can plant', async () => {
    const config = { ...portal.deps.config, baseUrl: 'https://partners.contoso.com' };
    const answer = await supertest(createApp({ ...portal.deps, config }))
      .get('/sign-in')
      .set('X-Forwarded-Proto', 'https');
    const [cookie = ''] = answer.headers['set-cookie'] as unknown as string[];
    expect(cookie).toMatch(/^__Host-portal\.session=/);
    expect(cookie.split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure']);
    expect(answer.headers.location).toContain(encodeURIComponent(`${config.baseUrl}/auth/callback`));
  });
});

describe('rights', () => {
  test('7.4.2 that are minutes old are not asked for again, and later a lost role counts no more', async () => {
    const ada = await portal.staff('ada');
    await dated('rightsReadAt', 290);
    await change(STAFF.ada, { portalRoles: [] });
    expect(await statusOf(ada)).toBe(200);
    expect(await refreshes()).toBe(0);
    await dated('rightsReadAt', 301);
    expect(await statusOf(ada)).toBe(403);
    expect(await refreshes()).toBe(1);
  });

  test('that were read at a moment to come, by a clock that goes wrong, are read again', async () => {
    const ada = await portal.staff('ada');
    await dated('rightsReadAt', -3600);
    await change(STAFF.ada, { portalRoles: [] });
    expect(await statusOf(ada)).toBe(403);
  });

  test('that are given are there at the next look', async () => {
    const nils = await portal.staff('nils');
    expect(await statusOf(nils)).toBe(403);
    await change(STAFF.nils, { portalRoles: ['Portal.Auditor'], displayName: 'Nils Newname' });
    await dated('rightsReadAt', 600);
    const answer = await nils.get('/admin');
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('Nils Newname');
  });

  test.each([
    ['disabled', { accountEnabled: false }],
    ['deleted', { deleted: true }],
  ])('7.4.2 end the session of somebody who was %s', async (_what, body) => {
    const ada = await portal.staff('ada');
    await change(STAFF.ada, body);
    expect(await statusLater(ada)).toBe(303);
    expect(await stored()).toEqual([]);
    expect(portal.logged()).toContainEqual(
      expect.objectContaining({ msg: 'session ended', reason: 'grantRefused' }),
    );
  });

  test('are read once for pages that are asked for together', async () => {
    const ada = await portal.staff('ada');
    await dated('rightsReadAt', 600);
    const statuses = await Promise.all(Array.from({ length: 6 }, () => statusOf(ada)));
    expect(statuses).toEqual(Array.from({ length: 6 }, () => 200));
    expect(await refreshes()).toBe(1);
    expect(await statusOf(ada)).toBe(200);
    expect(await refreshes()).toBe(1);
  });

  test.each([
    ['answers 503', { kind: 'status', status: 503 }],
    ['breaks off', { kind: 'reset', when: 'before' }],
    ['answers with HTML', { kind: 'html', status: 200 }],
    ['does not take our secret', { kind: 'status', status: 401, body: { error: 'invalid_client' } }],
  ])(
    'stay as they were for a quarter of an hour when Entra %s, and are asked for sparingly',
    async (_what, fault) => {
      const ada = await portal.staff('ada');
      await dated('rightsReadAt', 14 * 60);
      await portal.tenant.fault({ on: 'token', times: 0, fault });
      expect(await statusOf(ada)).toBe(200);
      expect(await statusOf(ada)).toBe(200);
      expect(await refreshes()).toBe(1);
      await dated('rightsReadAt', 15 * 60 + 1);
      const refused = await ada.get('/admin');
      expect([refused.status, refused.headers['retry-after']]).toEqual([503, '30']);
      await portal.tenant.clearFaults();
      await dated('rightsAskedAt', 31);
      expect(await statusOf(ada)).toBe(200);
    },
  );

  test.each(['wrongIssuer', 'wrongAudience', 'wrongTenant', 'expired', 'notYetValid', 'missingOid'])(
    'in a bad id_token (%s) end the session',
    async (bad) => {
      const ada = await portal.staff('ada');
      await portal.tenant.fault({ on: 'signIn', fault: { kind: 'idToken', change: bad } });
      expect(await statusLater(ada)).toBe(303);
      expect(await stored()).toEqual([]);
    },
  );

  test('of a group follow the group', async () => {
    const gro = await portal.staff('gro');
    expect(await statusLater(gro)).toBe(200);
    await portal.tenant.settings({ groupsClaim: false });
    expect(await statusLater(gro)).toBe(200);
    const silence = () =>
      portal.tenant.fault({ on: 'graph', path: '/memberOf', fault: { kind: 'status', status: 503 } });
    await silence();
    // What Graph said before holds as long as all rights do that cannot be read.
    expect(await statusLater(gro)).toBe(200);
    const long = JSON.stringify(Date.now() - (15 * 60 + 1) * 1000);
    await sql`update session set sess = jsonb_set(sess::jsonb, '{person,groupsReadAt}', ${long}::jsonb)`.execute(
      portal.deps.store.db,
    );
    await silence();
    expect(await statusLater(gro)).toBe(403);
    expect(await statusLater(gro)).toBe(200);
  });

  test('cannot be read again without a refresh token: the person signs in again', async () => {
    const ada = await portal.staff('ada');
    await sql`update session set sess = (sess::jsonb - 'refreshToken')`.execute(portal.deps.store.db);
    expect(await statusOf(ada)).toBe(200);
    await dated('rightsReadAt', 301);
    expect(await statusOf(ada)).toBe(303);
    await signIn(ada, portal.tenant, STAFF.ada);
    expect(await statusOf(ada)).toBe(200);
  });
});

test('7.2.3 nobody chooses a session’s id: unsigned and made-up ones are not taken over', async () => {
  for (const cookie of [
    'portal.session=chosen',
    'portal.session=s%3Achosen.c2lnbmF0dXJl',
    'portal.session=s:x',
  ]) {
    const visitor = portal.visitor({ Cookie: cookie });
    expect(await statusOf(visitor)).toBe(303);
    const set = ((await visitor.get('/sign-in')).headers['set-cookie'] as unknown as string[]).find((one) =>
      one.startsWith('portal.session='),
    );
    expect(set).toMatch(/^portal\.session=s%3A[\w-]{32}\./);
    expect((await stored()).map(({ sid }) => sid)).not.toContain('chosen');
  }
});
