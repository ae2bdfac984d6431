import { aPartner, aPolicy } from '../support/aPolicy.js';
import { erasePerson } from '../../src/privacy/erasePerson.js';
import { ageRequest, requestAt } from '../support/ageRequest.js';
import { passNight, wholeStore } from '../support/night.js';
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

test('14.2.7 what can be removed need not be looked for in the audit trail: it never holds an address, a name or what was typed', async () => {
  const typed = { firstName: 'Zebedee', lastName: 'Quux', company: 'Xyzzy AB', reason: 'Frobnicate' };
  const path = await portal.visitor().apply({ email: 'kept.quux@fabrikam.com', ...typed });
  const { id } = await requestAt(portal, path);
  const ada = await portal.staff('ada');
  const at = `/admin/requests/${id}`;
  await ada.post(`${at}/hold`, { version: '1', note: 'Xyzzy?' }, { from: at });
  await ada.post(`${at}/deny`, { version: '2', reason: 'Xyzzy!', note: 'Quux' }, { from: at });
  expect((await requestAt(portal, path)).state).toBe('denied');
  await ada.get('/admin/requests.csv?search=kept.quux@fabrikam.com');
  await ada.get('/admin/audit.csv');
  const nils = await portal.staff('nils');
  await nils.get('/admin/requests?search=kept.quux');
  await erasePerson(portal.deps.store.db, { address: 'kept.quux@fabrikam.com' });
  const events = await portal.deps.store.db.selectFrom('audit_event').selectAll().execute();
  const actions = new Set<string>(events.map(({ action }) => action));
  for (const action of [
    'request.held',
    'request.denied',
    'requests.exported',
    'access.refused',
    'privacy.erased',
  ]) {
    expect(actions).toContain(action);
  }
  expect(JSON.stringify(events)).not.toMatch(/quux|zebedee|xyzzy|frobnicate|@|ada admin|nils/i);
});

test('14.2.7 after its term a finished request loses its personal data by itself, in every table', async () => {
  const typed = { firstName: 'Mortimer', lastName: 'Quuxberg', company: 'Plugh AB', reason: 'Waldo' };
  const path = await portal.visitor().apply({ email: 'mortimer@fabrikam.com', ...typed });
  const { db } = portal.deps.store;
  const { id } = await requestAt(portal, path);
  await db.updateTable('request').set({ state: 'denied' }).where('id', '=', id).execute();
  await ageRequest(portal, path, 366 * 24 * 60);
  await passNight(portal);
  expect(await wholeStore(portal)).not.toMatch(/mortimer|quuxberg|plugh|waldo/i);
});
