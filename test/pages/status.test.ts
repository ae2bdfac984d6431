import { LIMITS } from '../../src/limits.js';
import { reserveMail } from '../../src/store/mailboxes.js';
import { noteProof } from '../../src/store/requests.js';
import type { RequestState } from '../../src/store/schema.js';
import { ageRequest, requestAt as at } from '../support/ageRequest.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { invitationsOf, ownerStatusOf, signUpUntil } from '../support/journey.js';
import { comparable, textOf } from '../support/page.js';
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
const requestAt = (path: string) => at(portal, path);
const requestsOf = (address: string) =>
  db().selectFrom('request').selectAll().where('address', '=', address).execute();

/** Signs somebody up and waits until all is done; returns the status page's path. */
async function provisioned(email: string): Promise<string> {
  const path = await portal.visitor().apply({ email });
  await signUpUntil(portal, 'provisioned', email, path);
  return path;
}

/** The path of the page that the invitation leads to. */
async function mailedPage(email: string): Promise<string> {
  const [mail] = await portal.tenant.mailsTo(email);
  const path = /\/requests\/[\w-]{22}/.exec(mail?.text ?? '')?.[0];
  if (path === undefined) throw new Error(`No mail to ${email} leads to a page`);
  return path;
}

const age = (path: string, minutes: number) => ageRequest(portal, path, minutes);

/** Notes that whoever sent the form has shown, in that browser, that the mailbox is theirs. */
async function noteProofOfSender(path: string): Promise<void> {
  const { id, browser_hash } = await requestAt(path);
  const browser = Buffer.from(browser_hash ?? []).toString('hex');
  await noteProof(db(), id, { kind: 'mailbox', at: new Date().toISOString(), browser });
}

/** Posts the resend form with a token of another page, as a page without the button has none. */
async function askAgain(path: string) {
  const visitor = portal.visitor();
  return visitor.postRaw(`${path}/resend`, { _csrf: await visitor.csrf() });
}

const resendable = async (path: string) =>
  (await portal.visitor().get(path)).text.includes(`action="${path}/resend"`);

describe('a submission', () => {
  test('2.3.4 that comes fifty times at once is one request, one mail and one page', async () => {
    const email = 'fifty@fabrikam.com';
    await portal.stopWorker();
    const visitors = Array.from({ length: 50 }, () => portal.visitor());
    const paths = await Promise.all(visitors.map((visitor) => visitor.apply({ email })));
    // Each has a page of its own, and all pages show the one request.
    expect(new Set(paths).size).toBe(50);
    const shown = await Promise.all(paths.map(requestAt));
    expect(new Set(shown.map(({ id }) => id)).size).toBe(1);
    const rows = await requestsOf(email);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.due_at).not.toBeNull();
    portal.startWorker();
    await signUpUntil(portal, 'provisioned', email, paths[0]);
    expect(await portal.tenant.mailsTo(email)).toHaveLength(1);
    expect(await invitationsOf(portal, email)).toHaveLength(1);
  });

  test('that is repeated soon joins the same request and mails nothing', async () => {
    const email = 'again@fabrikam.com';
    const path = await provisioned(email);
    await age(path, 14);
    const second = await portal.visitor().apply({ email, firstName: 'Eve' });
    expect(second).not.toBe(path);
    expect((await requestAt(second)).id).toBe((await requestAt(path)).id);
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
    expect(comparable(page.text)).toBe(comparable(none.text));
    expect(json.body).toEqual({
      error: {
        id: 'notFound',
        message: 'The address may be incomplete or out of date. Check the link you used.',
        requestId: json.headers['x-request-id'],
      },
    });
  });

  test('follows a request that moves, with and without scripts, until it is done', async () => {
    await portal.stopWorker();
    const email = 'moving@fabrikam.com';
    const path = await portal.visitor().apply({ email });
    const before = await portal.visitor().get(path);
    expect(before.text).toContain(
      `<noscript><meta http-equiv="refresh" content="20;url=${path}?n=1" /></noscript>`,
    );
    expect(before.text).toContain('data-moving="true"');
    expect(textOf(before.text)).toContain("We're preparing your invitation");
    portal.startWorker();
    await signUpUntil(portal, 'provisioned', email, path);
    const { text } = await portal.visitor().get(path);
    expect(text).not.toContain('http-equiv');
    expect(text).toContain('data-moving="false"');
    expect(textOf(text)).toContain('Check your email');
    expect(text).not.toContain('crm.contoso.com');
    expect(await resendable(path)).toBe(false);
    expect(textOf(text)).toContain('You can ask for another one in 5 minutes');
    const mailed = await portal.visitor().get(await mailedPage(email));
    expect(mailed.text).toContain('href="https://crm.contoso.com"');
  });

  test('gives machines the status, the reason, the steps and the time, and nothing else', async () => {
    const email = 'machine@fabrikam.com';
    const path = await provisioned(email);
    const answer = await portal.visitor().get(path, { Accept: 'application/json' });
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers.vary).toContain('Accept');
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
    const told = (status: string, ...steps: string[]) => ({
      status,
      reason: null,
      steps: steps.map((name) => ({ name, status: 'done', at })),
      updatedAt: at,
    });
    expect(answer.body).toEqual(told('answered', 'received', 'answer'));
    expect(await portal.visitor().status(await mailedPage(email))).toEqual(
      told('provisioned', 'received', 'invited', 'access', 'mailed'),
    );
  });

  test('14.2.6 shows nothing that the first person typed, except the address', async () => {
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
    expect(textOf(text)).toContain('Awaiting approval');
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

  test.each([
    [
      'with an invitation to accept',
      'next@fabrikam.com',
      false,
      ['What to do now', 'Then open what you need'],
    ],
    ['who was in place', 'inplace@fabrikam.com', true, ['You can use these apps with your account']],
    ['who was in place, without apps', 'inplace@bare.com', true, ['Sign in at Contoso with your account']],
  ])('tells an owner %s what to do now, and others nothing of it', async (_who, email, accepted, says) => {
    if (accepted) await portal.tenant.addUser({ mail: email, userType: 'Guest', accepted });
    const path = await provisioned(email);
    const others = textOf((await portal.visitor().get(path)).text);
    const owners = textOf((await portal.visitor().get(await mailedPage(email))).text);
    for (const words of says) {
      expect(owners).toContain(words);
      expect(others).not.toContain(words);
    }
    expect(owners.includes('accept the invitation in it')).toBe(!accepted);
  });

  test('of somebody who is a member already shows the owner alone where it ended', async () => {
    const email = 'member@fabrikam.com';
    await portal.tenant.addUser({ mail: email, userType: 'Member', displayName: 'Member' });
    const visitor = portal.visitor();
    const path = await visitor.apply({ email });
    const whole = await signUpUntil(portal, 'denied', email, path);
    expect(whole.reason).toBe('existingMember');
    expect(whole.steps.map(({ name, status }) => [name, status])).toEqual([
      ['received', 'done'],
      ['invited', 'failed'],
    ]);
    await waitFor('the answer', async () => (await visitor.status(path)).status === 'answered');
    expect((await visitor.status(path)).reason).toBeNull();
    const others = textOf((await visitor.get(path)).text);
    expect(others).not.toContain('You already have an account');
    await noteProofOfSender(path);
    expect(await visitor.status(path)).toMatchObject({ status: 'denied', reason: 'existingMember' });
    expect(textOf((await visitor.get(path)).text)).toContain('You already have an account at Contoso');
    expect(textOf((await portal.visitor().get(path)).text)).toBe(others);
  });

  test('shows an approver’s words as they were typed to everybody who holds the page', async () => {
    const path = await portal.visitor().apply({ email: 'words@litware.com' });
    const review = {
      outcome: 'denied',
      by: 'tid/oid',
      at: new Date().toISOString(),
      reason: 'The project <b>ended</b>',
    };
    await db()
      .updateTable('request')
      .set({ state: 'denied', review: JSON.stringify(review) })
      .where('address', '=', 'words@litware.com')
      .execute();
    const { text } = await portal.visitor().get(path);
    expect(text).toContain('The project &lt;b&gt;ended&lt;/b&gt;');
    expect(textOf(text)).toContain('decided against it');
  });

  test('of a partner that is granted nothing has no step for access', async () => {
    const path = await provisioned('ana@bare.com');
    const { steps } = await ownerStatusOf(portal, path);
    expect(steps.map(({ name }) => name)).toEqual(['received', 'invited', 'mailed']);
  });

  test.each<[state: RequestState, shown: string]>([
    ['unproven', 'unproven'],
    ['failed', 'delayed'],
    ['held', 'delayed'],
    ['lapsed', 'lapsed'],
    ['revoked', 'revoked'],
  ])(
    'of a request that is %s says %s, does not reload, and tells the owner alone why',
    async (state, shown) => {
      const visitor = portal.visitor();
      const path = await visitor.apply({ email: `${state}@litware.com` });
      await db()
        .updateTable('request')
        .set({ state, problem: JSON.stringify({ code: 'gaveUp', detail: 'secret detail' }) })
        .where('address', '=', `${state}@litware.com`)
        .execute();
      const why = "We couldn't reach a service for so long that we stopped trying.";
      const others = (await visitor.get(path)).text;
      expect(others).toContain(`data-state="${shown}"`);
      expect(others).not.toMatch(/http-equiv|secret detail/);
      expect(textOf(others)).not.toContain(why);
      await noteProofOfSender(path);
      const owners = (await visitor.get(path)).text;
      expect(owners).toContain(`data-state="${state}"`);
      expect(owners).not.toMatch(/http-equiv|secret detail/);
      expect(textOf(owners)).toContain(why);
    },
  );
});

describe('the mail', () => {
  const ended = (path: string) =>
    waitFor('the turn to end', async () => (await requestAt(path)).due_at === null);

  /** What was asked for on a page cannot be made older: the window is made shorter. */
  const SOON = 0.3;
  const { mailWindowSeconds, longestMailWindowSeconds } = LIMITS;
  const shorten = () =>
    Object.assign(portal.deps.limits, { mailWindowSeconds: SOON, longestMailWindowSeconds: SOON });
  afterEach(() => Object.assign(portal.deps.limits, { mailWindowSeconds, longestMailWindowSeconds }));

  test('may be asked for again after five minutes: the older link is dead, one mail comes', async () => {
    const email = 'resend@fabrikam.com';
    const path = await provisioned(email);
    expect((await askAgain(path)).status).toBe(303);
    expect(await portal.tenant.mailsTo(email)).toHaveLength(1);
    await age(path, 4);
    expect(await resendable(path)).toBe(false);

    await age(path, 2);
    const visitor = portal.visitor();
    const answer = await visitor.post(`${path}/resend`, {});
    expect([answer.status, answer.headers.location]).toEqual([303, path]);
    await waitFor('the second mail', async () => (await portal.tenant.mailsTo(email)).length === 2);
    await ended(path);
    const links = (await portal.tenant.mailsTo(email)).map(
      ({ text }) => /\S+\/redeem\?\S+/.exec(text)?.[0] ?? '',
    );
    const redeem = await Promise.all(links.map(async (link) => (await fetch(link)).status));
    expect(new Set(links).size).toBe(2);
    expect(redeem.filter((status) => status === 200)).toHaveLength(1);
    expect(await resendable(path)).toBe(false);
  });

  test('finds out that the person has accepted meanwhile: then the page says where to go, and no mail comes', async () => {
    const email = 'quick@fabrikam.com';
    const path = await provisioned(email);
    const page = await mailedPage(email);
    const owners = async () => textOf((await portal.visitor().get(page)).text);
    expect(await owners()).toContain('accept the invitation in it');
    const { id = '' } = (await portal.tenant.guest(email)) ?? {};
    await fetch(`${portal.tenant.peopleUrl}/control/users/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ accepted: true }),
    });
    await age(path, 6);
    await portal.visitor().post(`${path}/resend`, {});
    await ended(path);
    expect(await owners()).toContain('You can use these apps with your account');
    expect(await owners()).not.toContain('accept the invitation in it');
    expect(await portal.tenant.mailsTo(email)).toHaveLength(1);
  });

  test('is sent once when it is asked for ten times at the same time', async () => {
    const email = 'twice@fabrikam.com';
    const path = await provisioned(email);
    await age(path, 6);
    const answers = await Promise.all(Array.from({ length: 10 }, () => askAgain(path)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]));
    const { id } = await requestAt(path);
    const events = db().selectFrom('audit_event').select('action').where('request_id', '=', id);
    expect(await events.where('action', '=', 'request.resend').execute()).toHaveLength(1);
    await ended(path);
    expect(await portal.tenant.mailsTo(email)).toHaveLength(2);
  });

  test('comes three times more at most', async () => {
    const email = 'often@fabrikam.com';
    const path = await provisioned(email);
    shorten();
    for (const mails of [2, 3, 4]) {
      await waitFor('the button', () => resendable(path));
      await askAgain(path);
      await waitFor(`mail ${mails}`, async () => (await portal.tenant.mailsTo(email)).length === mails);
      await ended(path);
    }
    const { text } = await portal.visitor().get(path);
    expect(text).not.toContain(`action="${path}/resend"`);
    expect(textOf(text)).toContain('asked for this email several times');
    expect((await askAgain(path)).status).toBe(303);
    expect((await requestAt(path)).due_at).toBeNull();
    // Whoever posts the address now is not told that somebody has asked for mail before.
    const stranger = portal.visitor();
    const second = await stranger.apply({ email });
    expect((await requestAt(second)).id).toBe((await requestAt(path)).id);
    await waitFor('the page to be over', async () => (await stranger.status(second)).status === 'answered');
    expect(textOf((await stranger.get(second)).text)).not.toContain('asked for this email several times');
  });

  test('that is asked for while the mailbox may not be written to comes later', async () => {
    const email = 'window@fabrikam.com';
    const path = await provisioned(email);
    await age(path, 6);
    await db()
      .transaction()
      .execute((trx) => reserveMail(trx, email, portal.deps.limits));
    expect((await askAgain(path)).status).toBe(303);
    const { due_at } = await requestAt(path);
    const minutes = ((due_at?.getTime() ?? 0) - Date.now()) / 60_000;
    // The second wait of a day, and so twice the first.
    expect(minutes).toBeGreaterThan(9.5);
    expect(minutes).toBeLessThan(10.1);
    // The page says nothing of it.
    expect(await portal.visitor().status(path)).toMatchObject({ status: 'answered' });
    expect(textOf((await portal.visitor().get(path)).text)).toContain('another one in 5 minutes');
  });

  test('2.3.1 cannot be asked for where none was sent', async () => {
    const path = await portal.visitor().apply({ email: 'nomail@litware.com' });
    expect(await resendable(path)).toBe(false);
    expect((await askAgain(path)).status).toBe(409);
    expect((await requestAt(path)).due_at).toBeNull();
    expect((await askAgain(`/requests/${'A'.repeat(22)}`)).status).toBe(404);
  });

  test('is in the language of the form, and names nothing typed but the first name', async () => {
    const email = 'svea@fabrikam.com';
    const typed = {
      firstName: 'Svea',
      lastName: 'Quux',
      company: 'Xyzzy AB',
      reason: '<i>Frobnicate</i>',
    };
    const path = await portal.visitor({ 'Accept-Language': 'sv' }).apply({ email, ...typed });
    await signUpUntil(portal, 'provisioned', email, path);
    const [mail] = await portal.tenant.mailsTo(email);
    expect(mail?.subject).toBe('Din åtkomst hos Contoso');
    expect(mail?.text).toContain('Hej Svea!');
    expect(mail?.text).toContain(`http://localhost:3000${await mailedPage(email)}`);
    expect(mail?.text).not.toContain(path);
    expect(`${mail?.text ?? ''}${mail?.html ?? ''}`).not.toMatch(/Quux|Xyzzy|Frobnicate/);
  });
});
