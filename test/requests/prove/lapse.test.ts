import { sql } from 'kysely';
import { lapseUnproven } from '../../../src/requests/prove/lapse.js';
import { sendDueNotices } from '../../../src/requests/notices/sendDueNotices.js';
import { lockUnproven } from '../../../src/store/requests.js';
import { requestAt } from '../../support/ageRequest.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { aRequest, insertARequest } from '../../support/aRequest.js';
import { textOf } from '../../support/page.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { eventsOf, proofMailTo, tokenIn } from '../../support/proofMail.js';
import { waitFor } from '../../support/waitFor.js';

const DAY = 24 * 3600;
let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: aPolicy({
      partners: [aPartner({ id: 'wingtip', domains: ['wingtiptoys.com'], proof: 'mailbox' }), aPartner()],
    }),
  });
});
afterAll(() => portal.close());

const db = () => portal.deps.store.db;

async function age(seconds: number): Promise<void> {
  await db()
    .updateTable('request')
    .set({
      created_at: sql<Date>`created_at - ${seconds} * interval '1 second'`,
      slot_at: sql<Date>`slot_at - ${seconds} * interval '1 second'`,
    })
    .execute();
}

async function unproven(count: number): Promise<string[]> {
  const requests = Array.from({ length: count }, (_, number) =>
    aRequest({ address: `p${number}.${Math.random()}@wingtiptoys.com`, state: 'unproven', due_at: null }),
  );
  for (const request of requests) await insertARequest(db(), request);
  return requests.map(({ id }) => id);
}

const statesOf = async (ids: string[]) => {
  const rows = await db().selectFrom('request').select('state').where('id', 'in', ids).execute();
  return rows.map(({ state }) => state);
};

test('a request lapses when nobody has proved it for a day, and not before', async () => {
  const visitor = portal.visitor();
  const path = await visitor.apply({ email: 'slow@wingtiptoys.com' });
  const other = await visitor.apply({ email: 'done@fabrikam.com' });
  await sendDueNotices(portal.deps);
  const { code, link } = await proofMailTo(portal, 'slow@wingtiptoys.com');
  await age(DAY - 60);
  await lapseUnproven(portal.deps);
  expect((await requestAt(portal, path)).state).toBe('unproven');
  await age(61);
  await lapseUnproven(portal.deps);
  const { id, state, version } = await requestAt(portal, path);
  expect([state, version]).toEqual(['lapsed', 2]);
  expect(await eventsOf(portal, id)).toEqual(['request.submitted', 'notice.sent', 'request.lapsed']);
  expect((await requestAt(portal, other)).state).toBe('queued');

  const { text } = await visitor.get(path);
  expect(textOf(text)).toContain('confirm slow@wingtiptoys.com in time');
  expect(text).toMatch(/<a [^>]*href="\/\?again=[\w-]{22}">Sign up again<\/a>/);
  expect(text).not.toContain('id="proof"');
  const _csrf = await visitor.csrf();
  expect((await visitor.postRaw(`/verify/code/${tokenIn(path)}`, { _csrf, code })).status).toBe(409);
  expect((await visitor.postRaw(link, { _csrf })).status).toBe(410);
  expect(await visitor.apply({ email: 'slow@wingtiptoys.com' })).not.toBe(path);
});

test('hundreds lapse in one go, each once, though several portals are at it', async () => {
  const ids = await unproven(230);
  await age(DAY + 1);
  await Promise.all([1, 2, 3].map(() => lapseUnproven(portal.deps)));
  // Whatever one of them held when another came by is found the next time.
  await lapseUnproven(portal.deps);
  expect(new Set(await statesOf(ids))).toEqual(new Set(['lapsed']));
  const events = await db()
    .selectFrom('audit_event')
    .select('request_id')
    .where('action', '=', 'request.lapsed')
    .where('request_id', 'in', ids)
    .execute();
  expect(events).toHaveLength(230);
});

test('one that somebody is proving at that moment is left to them', async () => {
  // An embedded store has one connection: nothing overlaps there.
  if (portal.deps.store.exclusive) return;
  const [id = ''] = await unproven(1);
  await age(DAY + 1);
  await db()
    .transaction()
    .execute(async (trx) => {
      expect(await lockUnproven(trx, id)).toBeDefined();
      await lapseUnproven(portal.deps);
    });
  expect(await statesOf([id])).toEqual(['unproven']);
});

test('a stop ends it between two batches', async () => {
  const ids = await unproven(101);
  await age(DAY + 1);
  await lapseUnproven(portal.deps, AbortSignal.abort());
  expect(new Set(await statesOf(ids))).toEqual(new Set(['unproven']));
});

test('the portal looks for them by itself', async () => {
  const ids = await unproven(1);
  await age(DAY + 1);
  portal.startWorker();
  await waitFor('it to lapse', async () => (await statesOf(ids))[0] === 'lapsed');
});
