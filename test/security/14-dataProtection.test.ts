import { aPartner, aPolicy } from '../support/aPolicy.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { FORM } from '../support/visitor.js';
import { filled, routesWith } from './walk.js';

// OWASP ASVS 5.0.0, chapter 14: personal pages are kept by nobody on the way, and tell only what their reader may know.

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: aPolicy({ partners: [aPartner({ approval: 'manual' })] }),
  });
});
afterAll(() => portal.close());

test('14.3.2 no answer but style sheets, scripts and images may be stored, errors and redirects included', async () => {
  const path = await portal.visitor().apply();
  const { id } = await portal.deps.store.db.selectFrom('request').select('id').executeTakeFirstOrThrow();
  const names = { token: path.split('/').at(-1) ?? '', id };
  const ada = await portal.staff('ada');
  const stored: string[] = [];
  for (const { path } of routesWith(portal, 'GET')) {
    for (const [who, visitor] of [
      ['a stranger', portal.visitor()],
      ['ada', ada],
    ] as const) {
      const { headers } = await visitor.get(filled(path, names));
      if (headers['cache-control'] !== 'no-store')
        stored.push(`${path} (${who}): ${headers['cache-control']}`);
    }
  }
  for (const visitor of [portal.visitor(), ada]) {
    const posted = await visitor.postRaw('/sign-up', FORM);
    expect([posted.status, posted.headers['cache-control']]).toEqual([403, 'no-store']);
  }
  const lasting = ['/assets/bootstrap.css', '/assets/htmx.js'];
  expect(stored.filter((page) => !lasting.some((asset) => page.startsWith(asset)))).toEqual([]);
});

test('14.2.1 nothing personal stands in an address that the portal makes', async () => {
  const answer = await portal.visitor().signUp({ email: 'private@fabrikam.com', firstName: 'Zebedee' });
  expect(answer.headers.location).toMatch(/^\/requests\/[\w-]{22}$/);
  const page = await portal.visitor().get(String(answer.headers.location));
  for (const [, link = ''] of page.text.matchAll(/(?:href|action|src)="([^"]*)"/g)) {
    expect(link).not.toMatch(/private@|private%40|zebedee/i);
  }
});

test('14.2.6 the status page shows nothing that was typed but the address, to people or machines', async () => {
  const typed = { firstName: 'Zebedee', lastName: 'Quux', company: 'Xyzzy AB', reason: 'Frobnicate' };
  const path = await portal.visitor().apply({ email: 'shown@fabrikam.com', ...typed });
  const visitor = portal.visitor();
  const page = await visitor.get(path);
  const json = await visitor.get(path, { Accept: 'application/json' });
  for (const text of Object.values(typed)) expect(`${page.text}${json.text}`).not.toContain(text);
  expect(json.text).not.toContain('shown@');
  expect(page.text).toContain('noindex');
});
