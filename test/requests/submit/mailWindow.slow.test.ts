import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { parseAddress, type Address } from '../../../src/policy/address.js';
import { submit } from '../../../src/requests/submit/submit.js';
import { reserveMail } from '../../../src/store/mailboxes.js';
import { requestAt } from '../../support/ageRequest.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { signUpUntil } from '../../support/journey.js';
import { mailAllowedAt } from '../../support/mailAllowedAt.js';
import { textOf } from '../../support/page.js';
import {
  portalSettings,
  startPortal,
  type TestPortal,
  type TestPortalOptions,
} from '../../support/portal.js';
import { waitFor } from '../../support/waitFor.js';

// Whatever is posted from wherever, a mailbox gets one mail in a window: an invitation, or what asks for a proof.

const policy = aPolicy({
  partners: [
    aPartner(),
    aPartner({ id: 'proving', domains: ['proving.com'], proof: 'mailbox' }),
    aPartner({ id: 'manual', domains: ['manual.com'], approval: 'manual' }),
  ],
});
const env = { TRUST_PROXY: '1' };
/** Hundreds of pages take their time on a machine with other work. */
const MANY_MS = 120_000;
const ON_POSTGRES = Boolean(process.env.DATABASE_URL);

async function withPortal(
  options: TestPortalOptions,
  test: (portal: TestPortal) => Promise<void>,
): Promise<void> {
  const portal = await startPortal({ policy, env, ...options });
  try {
    await test(portal);
  } finally {
    await portal.close();
  }
}

/** Another instance on the same database, with the same tenant. */
function startSecond(first: TestPortal): Promise<TestPortal> {
  const databaseUrl = first.deps.config.databaseUrl;
  if (databaseUrl === null) throw new Error('An embedded store is one portal’s alone');
  const second = { ...portalSettings(first.tenant, first.deps.mailer !== null), DATABASE_URL: databaseUrl };
  return startPortal({ policy, env: { ...env, ...second } });
}

const clientOf = (number: number) => ({ 'X-Forwarded-For': `198.51.${number}.7:${40_000 + number}` });

const requestsOf = (portal: TestPortal, address: string) =>
  portal.deps.store.db.selectFrom('request').selectAll().where('address', '=', address).execute();

const mailsOf = async (portal: TestPortal, address: string) =>
  (await portal.tenant.mailsTo(address)).map(({ source }) => source);

/** Says that a mailbox was sent something just now. */
const mailed = (portal: TestPortal, address: string) =>
  portal.deps.store.db.transaction().execute((trx) => reserveMail(trx, address, portal.deps.limits));

/** How a post was answered, without what differs for each answer or browser. */
type Answer = { status: number; headers: Record<string, unknown>; text: string };
/** Each accepted form has a page of its own. */
const withoutToken = (text: string) => text.replace(/\/requests\/[\w-]{22}/g, '/requests/…');

function shape({ status, headers, text }: Answer): string {
  const own = new Set(['x-request-id', 'set-cookie', 'date']);
  const cookies = (headers['set-cookie'] as string[] | undefined) ?? [];
  return JSON.stringify({
    status,
    text: withoutToken(text),
    cookies: cookies.map((cookie) => cookie.replace(/=[^;]*/, '').replace(/Expires=[^;]*/, '')),
    headers: Object.entries(headers)
      .filter(([name]) => !own.has(name))
      .map(([name, value]) => [name, withoutToken(String(value))]),
  });
}

/** People with browsers of their own post the same address, spelt in two ways. */
async function postByMany(
  people: number,
  portals: [TestPortal, ...TestPortal[]],
  name: string,
  domain: string,
): Promise<Answer[]> {
  return Promise.all(
    Array.from({ length: people }, (_, number) => {
      const at = portals[number % portals.length] ?? portals[0];
      const email = number % 3 === 0 ? `${name.toUpperCase()}@${domain.toUpperCase()}` : `${name}@${domain}`;
      return at.visitor(clientOf(number)).signUp({ email });
    }),
  );
}

const WAYS: [mail: string, options: TestPortalOptions, domain: string, source: 'smtp' | 'graph'][] = [
  ['invitation of ours', {}, 'fabrikam.com', 'smtp'],
  ['invitation of Microsoft’s', { smtp: false, policy: aPolicy() }, 'fabrikam.com', 'graph'],
  ['mail with a code', {}, 'proving.com', 'smtp'],
];

test.each(WAYS)(
  '2.4.1 a hundred posts from a hundred clients for one mailbox: one %s, and equal answers',
  (_, options, domain, source) =>
    withPortal(options, async (portal) => {
      const address = `victim@${domain}`;
      const answers = await postByMany(100, [portal], 'victim', domain);
      const shapes = new Set(answers.map(shape));
      expect(shapes.size).toBe(1);
      expect(answers[0]?.status).toBe(303);
      await settled(portal, address);
      const more = await postByMany(10, [portal], 'victim', domain);
      expect(new Set(more.map(shape))).toEqual(shapes);
      await nothingDue(portal);
      expect(await mailsOf(portal, address)).toEqual([source]);
      expect(await requestsOf(portal, address)).toHaveLength(1);
    }),
  MANY_MS,
);

(ON_POSTGRES ? test : test.skip).each(WAYS.filter(([, { smtp = true }]) => smtp))(
  'the same at two instances: one %s',
  (_, options, domain, source) =>
    withPortal(options, async (first) => {
      const second = await startSecond(first);
      try {
        const answers = await postByMany(100, [first, second], 'victim', domain);
        expect(new Set(answers.map(shape)).size).toBe(1);
        await settled(first, `victim@${domain}`);
        await nothingDue(first);
        expect(await mailsOf(first, `victim@${domain}`)).toEqual([source]);
      } finally {
        await second.close();
      }
    }),
  MANY_MS,
);

/** Waits until the mail to an address is there. */
const settled = (portal: TestPortal, address: string) =>
  waitFor(`a mail to ${address}`, async () => (await portal.tenant.mailsTo(address)).length > 0);

/** Waits until neither a request nor a notice has anything left to do. */
const nothingDue = (portal: TestPortal) =>
  waitFor('all work to be done', async () => {
    const { rows } = await sql<{ due: number }>`
      select (select count(*) from request where due_at is not null)::int
           + (select count(*) from notice where state in ('waiting', 'sending'))::int as due`.execute(
      portal.deps.store.db,
    );
    return rows[0]?.due === 0;
  });

describe('with a window of seconds', () => {
  let portal: TestPortal;
  beforeAll(async () => {
    portal = await startPortal({ policy, env, limits: { mailWindowSeconds: 4 } });
  });
  afterAll(() => portal.close());

  test('an invitation for a mailbox that was written to just now comes later, and the answer is the same', async () => {
    const free = await portal.visitor().signUp({ email: 'free@fabrikam.com' });
    await mailed(portal, 'full@fabrikam.com');
    const posted = Date.now();
    const full = await portal.visitor().signUp({ email: 'full@fabrikam.com' });
    expect(shape(full)).toBe(shape(free));
    const path = (full.headers as { location: string }).location;
    expect(await portal.visitor().status(path)).toMatchObject({ status: 'answered', reason: null });
    await signUpUntil(portal, 'provisioned', 'full@fabrikam.com', path);
    expect(Date.now() - posted).toBeGreaterThan(3000);
    expect(await mailsOf(portal, 'full@fabrikam.com')).toEqual(['smtp']);
  });

  test('the window begins when the mail goes out, however late that is', async () => {
    const path = await portal.visitor().apply({ email: 'late@fabrikam.com' });
    await sql`update mailbox set mailed_at = now() - interval '1 hour'
      where address_hash = ${createHash('sha256').update('late@fabrikam.com').digest()}`.execute(
      portal.deps.store.db,
    );
    await signUpUntil(portal, 'provisioned', 'late@fabrikam.com', path);
    const at = await mailAllowedAt(portal.deps.store.db, 'late@fabrikam.com', portal.deps.limits);
    expect(at.getTime()).toBeGreaterThan(Date.now());
  });
});

describe('with a window of minutes', () => {
  let portal: TestPortal;
  beforeAll(async () => {
    portal = await startPortal({ policy, env });
  });
  afterAll(() => portal.close());

  const addressOf = (text: string): Address => {
    const parsed = parseAddress(text);
    if (!parsed.ok) throw new Error(`${text} does not parse`);
    return parsed.address;
  };
  const application = (email: string) => ({
    address: addressOf(email),
    firstName: 'Ana',
    lastName: 'Lind',
    company: 'Fabrikam',
    reason: '',
    language: 'en',
    acceptedTerms: null,
  });
  const browser = createHash('sha256').update('browser').digest();

  test('a mailbox whose owner was there before the form waits for nothing', async () => {
    await mailed(portal, 'owner@fabrikam.com');
    const proof = {
      kind: 'tenant' as const,
      at: new Date().toISOString(),
      browser: browser.toString('hex'),
      by: 'tid/oid',
    };
    const { token } = await submit(portal.deps, application('owner@fabrikam.com'), {
      browser,
      suspicions: [],
      proof,
    });
    await signUpUntil(portal, 'provisioned', 'owner@fabrikam.com', `/requests/${token}`);
  });

  test('who waits for a person reserves nothing, and is invited as soon as the person has decided', async () => {
    const path = await portal.visitor().apply({ email: 'ana@manual.com' });
    const free = await mailAllowedAt(portal.deps.store.db, 'ana@manual.com', portal.deps.limits);
    expect(free.getTime()).toBeLessThanOrEqual(Date.now());
    await mailed(portal, 'ana@manual.com');
    const [request] = await requestsOf(portal, 'ana@manual.com');
    const arne = await portal.staff('arne');
    const page = `/admin/requests/${request?.id ?? ''}`;
    const approved = await arne.post(
      `${page}/approve`,
      { version: String(request?.version) },
      { from: page },
    );
    expect(approved.status).toBe(303);
    await signUpUntil(portal, 'provisioned', 'ana@manual.com', path);
  });

  test.each(['victim+1@fabrikam.com', 'victim+x@proving.com'])(
    'the same mailbox under another name, %s, is not taken',
    async (email) => {
      const answer = await portal.visitor().signUp({ email });
      expect(answer.status).toBe(422);
      expect(textOf(answer.text)).toMatch(/\+/);
      expect(await requestsOf(portal, email)).toEqual([]);
    },
  );

  test('a mailbox that is written to often waits longer each time, up to four hours', async () => {
    const { db } = portal.deps.store;
    for (let mail = 0; mail < 8; mail++) await mailed(portal, 'day@fabrikam.com');
    await sql`update mailbox set mailed_at = now() - interval '1 hour', day_began_at = now() - interval '2 hours'
      where address_hash = ${createHash('sha256').update('day@fabrikam.com').digest()}`.execute(db);
    const path = await portal.visitor().apply({ email: 'day@fabrikam.com' });
    const [request] = await requestsOf(portal, 'day@fabrikam.com');
    const hours = ((request?.due_at?.getTime() ?? 0) - Date.now()) / 3600_000;
    expect(hours).toBeGreaterThan(2.9);
    expect(hours).toBeLessThanOrEqual(3);
    expect(await portal.visitor().status(path)).toMatchObject({ status: 'answered' });
  });
});

(ON_POSTGRES ? test : test.skip)(
  'whoever signs up again at the very moment at which they are provisioned is led to what they have',
  () =>
    withPortal({}, async (portal) => {
      const { db } = portal.deps.store;
      const address = 'ana@fabrikam.com';
      let again: PromiseLike<Answer> | undefined;
      let path = '';
      await db.transaction().execute(async (trx) => {
        path = await portal.visitor().apply({ email: address });
        // The end of the provisioning writes the request, and has to wait for its mailbox.
        await sql`select from mailbox for update`.execute(trx);
        await waiting('insert into mailbox');
        again = portal.visitor().signUp({ email: address });
        void again.then(() => undefined);
        await waiting('insert into request');
      });
      const { location = '' } = (await again)?.headers ?? {};
      expect((await requestAt(portal, String(location))).id).toBe((await requestAt(portal, path)).id);
      await nothingDue(portal);
      expect(await requestsOf(portal, address)).toHaveLength(1);
      expect(await mailsOf(portal, address)).toEqual(['smtp']);

      /** Waits until a statement waits for a lock. */
      async function waiting(statement: string): Promise<void> {
        await waitFor(`"${statement}" to wait`, async () => {
          const { rows } = await sql`
            select from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock' and query like ${`%${statement}%`}`.execute(
            db,
          );
          return rows.length > 0;
        });
      }
    }),
);
