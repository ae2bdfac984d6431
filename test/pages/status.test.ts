import { sql } from 'kysely';
import { findByToken } from '../../src/requests/follow.js';
import { resend } from '../../src/requests/resend.js';
import { hashToken } from '../../src/requests/statusToken.js';
import type { RequestState } from '../../src/store/schema.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { invitationsOf, signUpUntil } from '../support/journey.js';
import { textOf } from '../support/page.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { waitFor } from '../support/waitFor.js';

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    policy: aPolicy({
      partners: [
        aPartner(),
        aPartner({ id: 'litware', name: 'Litware', domains: ['litware.com'], approval: 'manual' }),
        aPartner({
          id: 'bare',
          name: 'Bare',
          domains: ['bare.com'],
          apps: [],
          invitation: { redirectUrl: 'https://contoso.com' },
        }),
      ],
    }),
  });
});
afterAll(() => portal.close());

const db = () => portal.deps.store.db;
const tokenIn = (path: string) => path.split('/').at(-1) ?? '';
const requestAt = (path: string) =>
  db()
    .selectFrom('request')
    .selectAll()
    .where('token_hash', '=', hashToken(tokenIn(path)))
    .executeTakeFirstOrThrow();
const requestsOf = (address: string) =>
  db().selectFrom('request').selectAll().where('address', '=', address).execute();

/** Signs somebody up and waits until all is done; returns the status page's path. */
async function provisioned(email: string): Promise<string> {
  const path = await portal.visitor().apply({ email });
  await signUpUntil(portal, 'provisioned', email, path);
  return path;
}

/** Makes everything that happened to a request `minutes` older. */
async function age(path: string, minutes: number): Promise<void> {
  const { id } = await requestAt(path);
  const earlier = (column: string) => sql<Date>`${sql.ref(column)} - ${minutes} * interval '1 minute'`;
  await db()
    .updateTable('request')
    .set({ created_at: earlier('created_at'), updated_at: earlier('updated_at') })
    .where('id', '=', id)
    .execute();
  await db()
    .updateTable('step')
    .set({ started_at: earlier('started_at'), finished_at: earlier('finished_at') })
    .where('request_id', '=', id)
    .execute();
}

/** Posts the resend form with a token of another page, as a page without the button has none. */
async function askAgain(path: string) {
  const visitor = portal.visitor();
  return visitor.postRaw(`${path}/resend`, { _csrf: await visitor.csrf() });
}

const resendable = async (path: string) =>
  (await portal.visitor().get(path)).text.includes(`action="${path}/resend"`);

describe('a submission', () => {
  test('that comes fifty times at once is one request, one job, one mail and one page', async () => {
    const email = 'fifty@fabrikam.com';
    await portal.stopWorker();
    const visitors = Array.from({ length: 50 }, () => portal.visitor());
    const paths = await Promise.all(visitors.map((visitor) => visitor.apply({ email })));
    expect(new Set(paths).size).toBe(1);
    const rows = await requestsOf(email);
    expect(rows).toHaveLength(1);
    const { rows: jobs } = await sql`select 1 from pgboss.job where singleton_key = ${rows[0]?.id}`.execute(
      db(),
    );
    expect(jobs).toHaveLength(1);
    portal.startWorker();
    await signUpUntil(portal, 'provisioned', email, paths[0]);
    expect(await portal.tenant.mailsTo(email)).toHaveLength(1);
    expect(await invitationsOf(portal, email)).toHaveLength(1);
  });

  test('that is repeated soon shows the same page and mails nothing', async () => {
    const email = 'again@fabrikam.com';
    const path = await provisioned(email);
    await age(path, 14);
    expect(await portal.visitor().apply({ email, firstName: 'Eve' })).toBe(path);
    expect(await requestsOf(email)).toHaveLength(1);
    expect(await portal.tenant.mailsTo(email)).toHaveLength(1);
  });

  test('that is repeated after a quarter of an hour is a new request for the same guest', async () => {
    const email = 'later@fabrikam.com';
    const path = await provisioned(email);
    const guest = await portal.tenant.guest(email);
    await age(path, 16);
    const next = await provisioned(email);
    expect(next).not.toBe(path);
    expect((await requestAt(next)).guest_id).toBe(guest?.id);
    const { users } = await portal.tenant.state();
    expect(users.filter(({ mail }) => mail === email)).toHaveLength(1);
  });

  test('that was refused may be repeated, and is judged again', async () => {
    const email = 'eve@competitor.com';
    const paths = [await portal.visitor().apply({ email }), await portal.visitor().apply({ email })];
    expect(new Set(paths).size).toBe(2);
  });
});

describe('the status page', () => {
  test.each([
    ['unknown', 'A'.repeat(22)],
    ['too short', 'abc'],
    ['too long', 'A'.repeat(23)],
    ['hostile', "'%20or%201=1--"],
    ['with markup', '%3Cscript%3E'],
    ['beyond ASCII', '%E2%84%AA'.repeat(22)],
  ])('does not exist for a token that is %s', async (_, token) => {
    const [page, json, none] = await Promise.all([
      portal.visitor().get(`/requests/${token}`),
      portal.visitor().get(`/requests/${token}`, { Accept: 'application/json' }),
      portal.visitor().get('/no-such-page'),
    ]);
    expect([page.status, json.status]).toEqual([404, 404]);
    expect(page.text).toBe(none.text);
    expect(json.body).toEqual({
      error: {
        id: 'notFound',
        message: 'The address may be cut off or out of date. Check the link you used.',
        requestId: json.headers['x-request-id'],
      },
    });
  });

  test('follows a request that moves, with and without scripts, until it is done', async () => {
    await portal.stopWorker();
    const email = 'moving@fabrikam.com';
    const path = await portal.visitor().apply({ email });
    const before = await portal.visitor().get(path);
    expect(before.text).toContain('<noscript><meta http-equiv="refresh" content="5" /></noscript>');
    expect(before.text).toContain('data-moving="true"');
    expect(textOf(before.text)).toContain('Your access is being set up');
    portal.startWorker();
    await signUpUntil(portal, 'provisioned', email, path);
    const { text } = await portal.visitor().get(path);
    expect(text).not.toContain('http-equiv');
    expect(text).toContain('data-moving="false"');
    expect(text).toContain('href="https://crm.contoso.com"');
    expect(await resendable(path)).toBe(false);
    expect(textOf(text)).toContain('You can ask for it again in 5 minutes');
  });

  test('gives machines the status, the reason, the steps and the time, and nothing else', async () => {
    const path = await provisioned('machine@fabrikam.com');
    const answer = await portal.visitor().get(path, { Accept: 'application/json' });
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers.vary).toContain('Accept');
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
    expect(answer.body).toEqual({
      status: 'provisioned',
      reason: null,
      steps: ['received', 'invited', 'access', 'mailed'].map((name) => ({ name, status: 'done', at })),
      updatedAt: at,
    });
  });

  test('shows nothing that the first person typed, except the address', async () => {
    const typed = { firstName: 'Zebedee', lastName: 'Quux', company: 'Xyzzy AB', reason: 'Frobnicate' };
    const path = await portal.visitor().apply({ email: 'private@litware.com', ...typed });
    const { text, headers } = await portal.visitor().get(path);
    expect(headers['cache-control']).toBe('no-store');
    expect(text).toContain('private@litware.com');
    expect(text).toContain('noindex');
    for (const value of Object.values(typed)) expect(text).not.toContain(value);
  });

  test('of a request that waits for approval says so, and keeps looking', async () => {
    const path = await portal.visitor().apply({ email: 'wait@litware.com' });
    const { text } = await portal.visitor().get(path);
    expect(textOf(text)).toContain('Waiting for approval');
    expect(text).toContain('data-moving="true"');
    expect((await portal.visitor().status(path)).steps.map(({ name }) => name)).toContain('review');
  });

  test('of a refused request shows no step that will never come', async () => {
    const path = await portal.visitor().apply({ email: 'eve@competitor.com' });
    expect(await portal.visitor().status(path)).toMatchObject({
      status: 'denied',
      reason: 'denied.domain',
      steps: [{ name: 'received', status: 'done' }],
    });
  });

  test('of somebody who is a member already shows where it ended', async () => {
    const email = 'member@fabrikam.com';
    await portal.tenant.addUser({ mail: email, userType: 'Member', displayName: 'Member' });
    const path = await portal.visitor().apply({ email });
    const status = await signUpUntil(portal, 'denied', email, path);
    expect(status.reason).toBe('existingMember');
    expect(status.steps.map(({ name, status }) => [name, status])).toEqual([
      ['received', 'done'],
      ['invited', 'failed'],
    ]);
    expect(textOf((await portal.visitor().get(path)).text)).toContain(
      'You already have an account at Contoso',
    );
  });

  test('of a partner that is granted nothing has no step for access', async () => {
    const path = await provisioned('ana@bare.com');
    const { steps } = await portal.visitor().status(path);
    expect(steps.map(({ name }) => name)).toEqual(['received', 'invited', 'mailed']);
  });

  test.each<RequestState>(['unproven', 'failed', 'held', 'lapsed', 'revoked'])(
    'of a request that is %s has a title of its own and does not reload',
    async (state) => {
      const path = await portal.visitor().apply({ email: `${state}@litware.com` });
      await db()
        .updateTable('request')
        .set({ state, problem: JSON.stringify({ code: 'gaveUp', detail: 'secret detail' }) })
        .where('address', '=', `${state}@litware.com`)
        .execute();
      const { text } = await portal.visitor().get(path);
      expect(text).toContain(`class="verdict ${state}"`);
      expect(text).not.toMatch(/http-equiv|secret detail/);
      expect(textOf(text)).toContain('A service was out of reach for so long that we stopped trying.');
    },
  );
});

describe('the invitation mail', () => {
  test('may be asked for again after five minutes: the older link is dead, one mail comes', async () => {
    const email = 'resend@fabrikam.com';
    const path = await provisioned(email);
    expect((await askAgain(path)).status).toBe(303);
    expect(await portal.tenant.mailsTo(email)).toHaveLength(1);

    await age(path, 6);
    const visitor = portal.visitor();
    const answer = await visitor.post(`${path}/resend`, {});
    expect([answer.status, answer.headers.location]).toEqual([303, path]);
    await waitFor('the second mail', async () => (await portal.tenant.mailsTo(email)).length === 2);
    await waitFor('the turn to end', async () => (await requestAt(path)).due_at === null);
    const links = (await portal.tenant.mailsTo(email)).map(
      ({ text }) => /\S+\/redeem\?\S+/.exec(text)?.[0] ?? '',
    );
    const redeem = await Promise.all(links.map(async (link) => (await fetch(link)).status));
    expect(new Set(links).size).toBe(2);
    expect(redeem.filter((status) => status === 200)).toHaveLength(1);
    expect(await resendable(path)).toBe(false);
  });

  test('is sent once when the button is pressed twice at the same time', async () => {
    const email = 'twice@fabrikam.com';
    const path = await provisioned(email);
    await age(path, 6);
    await portal.stopWorker();
    // On an embedded store requests hardly overlap: what each would have read is given to both.
    const { request, steps } = await findByToken(portal.deps, tokenIn(path));
    const permissions = await Promise.all([1, 2].map(() => resend(portal.deps, request, steps)));
    expect(permissions).toEqual([{ allowed: true }, { allowed: false, why: 'underway' }]);
    expect((await askAgain(path)).status).toBe(303);
    const { id } = await requestAt(path);
    const events = db().selectFrom('audit_event').select('action').where('request_id', '=', id);
    expect(await events.where('action', '=', 'request.resend').execute()).toHaveLength(1);
    portal.startWorker();
    await waitFor('the turn to end', async () => (await requestAt(path)).due_at === null);
    expect(await portal.tenant.mailsTo(email)).toHaveLength(2);
  });

  test('comes three times more at most', async () => {
    const email = 'often@fabrikam.com';
    const path = await provisioned(email);
    for (const mails of [2, 3, 4]) {
      await age(path, 6);
      await askAgain(path);
      await waitFor(`mail ${mails}`, async () => (await portal.tenant.mailsTo(email)).length === mails);
      await waitFor('the turn to end', async () => (await requestAt(path)).due_at === null);
    }
    await age(path, 60);
    expect(await resendable(path)).toBe(false);
    expect(textOf((await portal.visitor().get(path)).text)).toContain('has been sent several times');
    expect((await askAgain(path)).status).toBe(303);
    expect((await requestAt(path)).due_at).toBeNull();
  });

  test('cannot be asked for where none was sent', async () => {
    const path = await portal.visitor().apply({ email: 'nomail@litware.com' });
    expect(await resendable(path)).toBe(false);
    expect((await askAgain(path)).status).toBe(303);
    expect((await requestAt(path)).due_at).toBeNull();
    expect((await askAgain(`/requests/${'A'.repeat(22)}`)).status).toBe(404);
  });

  test('is in the language of the form, and names nothing typed but the first name', async () => {
    const email = 'svea@fabrikam.com';
    const typed = {
      firstName: 'Svea',
      lastName: 'Quux',
      company: '<b>Xyzzy</b>',
      reason: '<i>Frobnicate</i>',
    };
    const path = await portal.visitor({ 'Accept-Language': 'sv' }).apply({ email, ...typed });
    await signUpUntil(portal, 'provisioned', email, path);
    const [mail] = await portal.tenant.mailsTo(email);
    expect(mail?.subject).toBe('Din åtkomst hos Contoso');
    expect(mail?.text).toContain('Hej Svea!');
    expect(mail?.text).toContain(`http://localhost:3000${path}`);
    expect(`${mail?.text ?? ''}${mail?.html ?? ''}`).not.toMatch(/Quux|Xyzzy|Frobnicate/);
  });
});
