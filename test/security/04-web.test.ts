import { sql } from 'kysely';
import { createApp } from '../../src/app.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { signUpUntil } from '../support/journey.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { STAFF } from '../support/staff.js';
import { waitFor } from '../support/waitFor.js';
import { httpServer } from './servers.js';
import { Visitor } from '../support/visitor.js';
import { filled, routesWith } from './walk.js';

// OWASP ASVS 5.0.0, chapter 4: what a request says of itself, and of the way it came, is not believed.

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: aPolicy({
      partners: [
        aPartner(),
        aPartner({ id: 'litware', domains: ['litware.com'], approval: 'manual', approvers: [STAFF.lia] }),
      ],
    }),
  });
});
afterAll(() => portal.close());

const FORGED = {
  Host: 'evil.com',
  'X-Forwarded-Host': 'evil.com',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Port': '666',
  'X-Forwarded-Prefix': '/evil.com',
  'X-Forwarded-Server': 'evil.com',
  'X-Original-URL': '/admin',
  'X-Rewrite-URL': '/admin',
  'X-HTTP-Method-Override': 'DELETE',
  Forwarded: 'for=203.0.113.1;host=evil.com;proto=https',
  'X-Original-Host': 'evil.com',
  'X-Host': 'evil.com',
};

describe('4.1 headers of proxies', () => {
  test.each([0, 1, 2])(
    '4.1.3 forged ones change no link and no redirect of any page (TRUST_PROXY=%i)',
    async (trustProxy) => {
      const { url, close } = await httpServer(
        createApp({ ...portal.deps, config: { ...portal.deps.config, trustProxy } }),
      );
      try {
        const path = await portal.visitor().apply({ email: `links${trustProxy}@fabrikam.com` });
        const token = path.split('/').at(-1) ?? '';
        for (const { path } of routesWith(portal, 'GET')) {
          const { text, headers, status } = await new Visitor(url, FORGED).get(filled(path, { token }));
          const answer = `${text}${JSON.stringify(headers)}`;
          expect([path, status < 500, answer.includes('evil.com'), answer.includes(':666')]).toEqual([
            path,
            true,
            false,
            false,
          ]);
        }
      } finally {
        await close();
      }
    },
  );

  test('4.1.3 nor one of a mail: links come from BASE_URL', async () => {
    const visitor = portal.visitor(FORGED);
    await visitor.apply({ email: 'mailed@fabrikam.com' });
    await visitor.apply({ email: 'waiting@litware.com' });
    portal.startWorker();
    await signUpUntil(
      portal,
      'provisioned',
      'mailed@fabrikam.com',
      await visitor.apply({ email: 'mailed@fabrikam.com' }),
    );
    const mails = await waitFor('both mails', async () => {
      const found = await Promise.all(
        ['mailed@fabrikam.com', 'lia@contoso.com'].map((to) => portal.tenant.mailsTo(to)),
      );
      return found.every(({ length }) => length > 0) && found.flat();
    });
    await portal.stopWorker();
    for (const { text, html } of mails) {
      expect(`${text}${html}`).not.toContain('evil.com');
      expect(`${text}${html}`).toContain(`${portal.deps.config.baseUrl}/`);
    }
  });

  test('4.1.3 nor the address to which the tenant sends people back', async () => {
    const { headers } = await portal.visitor(FORGED).get('/sign-in');
    const { searchParams } = new URL(String(headers.location));
    expect(searchParams.get('redirect_uri')).toBe(`${portal.deps.config.baseUrl}/auth/callback`);
  });

  /** How many of 125 posts were refused, each with its own headers. */
  async function refusedOf(trustProxy: number, headers: (post: number) => Record<string, string>) {
    const config = { ...portal.deps.config, trustProxy };
    // What the tests before have posted was counted too, where instances count together.
    await sql`delete from rate_limit`.execute(portal.deps.store.db);
    const { url, close } = await httpServer(createApp({ ...portal.deps, config }));
    try {
      const visitor = new Visitor(url);
      const _csrf = await visitor.csrf();
      const cookie = ((await visitor.get('/')) as unknown as { request: { cookies: string } }).request
        .cookies;
      let refused = 0;
      for (let post = 0; post < 125; post++) {
        const sender = new Visitor(url, { Cookie: cookie, ...headers(post) });
        if ((await sender.postRaw('/sign-up', { _csrf })).status === 429) refused++;
      }
      return refused;
    } finally {
      await close();
    }
  }

  const hop = (post: number) => `198.51.100.${post}`;
  test.each<[string, number, (post: number) => Record<string, string>]>([
    ['without a proxy, no X-Forwarded-For', 0, (post) => ({ 'X-Forwarded-For': hop(post) })],
    ['behind one, no entry but the last', 1, (post) => ({ 'X-Forwarded-For': `${hop(post)}, 203.0.113.11` })],
    ['behind one, no port', 1, (post) => ({ 'X-Forwarded-For': `203.0.113.12:${1024 + post}` })],
    ['behind one, no port of IPv6', 1, (post) => ({ 'X-Forwarded-For': `[2001:db8:9::1]:${1024 + post}` })],
    [
      'behind two, none before them',
      2,
      (post) => ({ 'X-Forwarded-For': `${hop(post)}, 203.0.113.14, 10.0.0.1` }),
    ],
    [
      'other headers',
      1,
      (post) => ({
        'X-Forwarded-For': '203.0.113.15',
        Forwarded: `for=${hop(post)}`,
        'X-Real-IP': hop(post),
        'X-Client-IP': hop(post),
        'True-Client-IP': hop(post),
        'CF-Connecting-IP': hop(post),
      }),
    ],
  ])(
    '4.1.3 nobody gets round a limit by forging: %s makes another client',
    async (_what, trustProxy, headers) => {
      expect(await refusedOf(trustProxy, headers)).toBe(5);
    },
  );
});
