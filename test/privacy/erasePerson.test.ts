import { sql } from 'kysely';
import { erasePerson } from '../../src/privacy/erasePerson.js';
import { exportPerson } from '../../src/privacy/exportPerson.js';
import { anonymiseRequests } from '../../src/store/anonymise.js';
import { openPage } from '../../src/requests/pageToken.js';
import { withdrawRequest } from '../../src/store/personalData.js';
import { noteProof } from '../../src/store/requests.js';
import { OPEN_STATES, type NewRequest } from '../../src/store/schema.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { aRequest } from '../support/aRequest.js';
import { requestAt } from '../support/ageRequest.js';
import { wholeStore } from '../support/night.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { letWorkerLook } from '../support/letWorkerLook.js';
import { claimById } from '../support/workOn.js';
import { STAFF } from '../support/staff.js';
import { FORM } from '../support/visitor.js';
import { waitFor } from '../support/waitFor.js';

const ADDRESS = 'zebedee.quux@fabrikam.com';
const TYPED = {
  email: ADDRESS,
  firstName: 'Zebedee',
  lastName: 'Quuxson',
  company: 'Xyzzy AB',
  reason: 'Frobnicate',
};
const PERSONAL = /zebedee|quux|xyzzy|frobnicate/i;
const ME = { address: ADDRESS };

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: aPolicy({
      partners: [
        aPartner(),
        aPartner({ id: 'proving', name: 'Proving', domains: ['proving.com'], proof: 'mailbox' }),
      ],
    }),
  });
});
afterAll(() => portal.close());
afterEach(() => portal.stopWorker());
beforeEach(async () => {
  const { db } = portal.deps.store;
  for (const table of ['request', 'notice', 'mailbox', 'person'] as const)
    await db.deleteFrom(table).execute();
});

const personalRows = async () => (await wholeStore(portal)).split('\n').filter((row) => PERSONAL.test(row));

async function have(row: Partial<NewRequest>): Promise<string> {
  const request = aRequest({ address: ADDRESS, first_name: 'Zebedee', due_at: null, ...row });
  await portal.deps.store.db.insertInto('request').values(request).execute();
  return request.id;
}

const find = (id: string) =>
  portal.deps.store.db.selectFrom('request').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

const eventsOf = (id: string) =>
  portal.deps.store.db
    .selectFrom('audit_event')
    .select(['action', 'detail'])
    .where('request_id', '=', id)
    .orderBy('id')
    .execute();

test.each(OPEN_STATES)('a request that is %s ends, and is anonymised', async (state) => {
  const guest_id = crypto.randomUUID();
  const id = await have({ state, guest_id, ...(state === 'queued' && { due_at: new Date() }) });
  const done = await erasePerson(portal.deps.store.db, ME);
  expect(done).toMatchObject({ requests: [id], ended: 1, busy: [], guests: [guest_id] });
  expect(await find(id)).toMatchObject({
    state: 'lapsed',
    problem: { code: 'erased' },
    due_at: null,
    address: `anonymised-${id}@fabrikam.com`,
  });
  expect(await eventsOf(id)).toEqual([
    { action: 'request.lapsed', detail: { problem: 'erased', guestId: guest_id } },
  ]);
  expect(await personalRows()).toEqual([]);
});

test('of a person who signed up a moment ago only ids are left, and no mail is sent', async () => {
  const path = await portal.visitor().apply(TYPED);
  const { id } = await requestAt(portal, path);
  expect((await personalRows()).length).toBeGreaterThan(0);
  await erasePerson(portal.deps.store.db, ME);
  expect(await personalRows()).toEqual([]);
  expect(await portal.deps.store.db.selectFrom('mailbox').selectAll().execute()).toEqual([]);
  portal.startWorker();
  await letWorkerLook(portal);
  await portal.stopWorker();
  expect((await find(id)).state).toBe('lapsed');
  expect(await portal.tenant.mailsTo(ADDRESS)).toEqual([]);
  expect(await portal.tenant.graphCalls('POST', /\/invitations$/)).toEqual([]);
});

test('a mailbox that waits for its proof gets no more mail, and its page says only that the request is closed', async () => {
  const path = await portal.visitor().apply({ ...TYPED, email: 'zebedee@proving.com' });
  await erasePerson(portal.deps.store.db, { address: 'zebedee@proving.com' });
  portal.startWorker();
  expect((await portal.visitor().get(path)).text).toContain('This request is closed');
  await portal.stopWorker();
  const { db } = portal.deps.store;
  expect(await db.selectFrom('notice').selectAll().where('kind', '<>', 'digest').execute()).toEqual([]);
  expect(await db.selectFrom('challenge').selectAll().execute()).toEqual([]);
  expect(await personalRows()).toEqual([]);
});

test('a request that a worker has claimed is waited for, and left when that takes too long', async () => {
  const { db } = portal.deps.store;
  const id = await have({ state: 'queued', due_at: new Date(Date.now() - 1000) });
  const owner = crypto.randomUUID();
  await claimById(db, id, 60, owner);
  expect(await erasePerson(db, ME, 0)).toMatchObject({ requests: [], busy: [id] });
  expect(await find(id)).toMatchObject({ state: 'queued', address: ADDRESS, lease_owner: owner });
  const erasing = erasePerson(db, ME, 20_000);
  await db
    .updateTable('request')
    .set({ lease_until: new Date(Date.now() - 1000) })
    .where('id', '=', id)
    .execute();
  expect(await erasing).toMatchObject({ requests: [id], busy: [] });
});

test('beside a worker that provisions at that moment, nothing is left half done', async () => {
  portal.startWorker();
  const addresses = Array.from({ length: 4 }, (_, index) => `zebedee${index}@fabrikam.com`);
  await Promise.all(
    addresses.map(async (email) => {
      const path = await portal.visitor().apply({ ...TYPED, email });
      await erasePerson(portal.deps.store.db, { address: email });
      expect(['lapsed', 'provisioned']).toContain((await requestAt(portal, path)).state);
    }),
  );
  await portal.stopWorker();
  expect(await personalRows()).toEqual([]);
  const open = await portal.deps.store.db
    .selectFrom('request')
    .select('id')
    .where('due_at', 'is not', null)
    .execute();
  expect(open).toEqual([]);
});

test('the guest of a request that was cut off is found with its step', async () => {
  const id = await have({ state: 'failed' });
  const guest = { id: crypto.randomUUID(), accepted: false };
  await portal.deps.store.db
    .insertInto('step')
    .values({
      request_id: id,
      key: 'invitation',
      position: 1,
      state: 'done',
      detail: JSON.stringify({ guest, redeemUrl: 'https://secret' }),
    })
    .execute();
  const exported = JSON.stringify(await exportPerson(portal.deps.store.db, ME));
  expect(exported).toContain(`"guests":["${guest.id}"]`);
  expect(exported).not.toContain('https://secret');
  expect((await erasePerson(portal.deps.store.db, ME)).guests).toEqual([guest.id]);
});

test('one event says that it was done, by figures alone', async () => {
  await have({ state: 'provisioned' });
  await have({ state: 'held' });
  await erasePerson(portal.deps.store.db, ME);
  const [event] = await portal.deps.store.db
    .selectFrom('audit_event')
    .selectAll()
    .where('action', '=', 'privacy.erased')
    .orderBy('id', 'desc')
    .limit(1)
    .execute();
  expect(event).toMatchObject({
    actor: 'portal',
    request_id: null,
    detail: { kind: 'applicant', requests: 2, ended: 1 },
  });
});

test('nobody else loses anything', async () => {
  const other = await have({ state: 'provisioned', address: 'other@fabrikam.com' });
  const before = await find(other);
  await have({ state: 'provisioned' });
  await erasePerson(portal.deps.store.db, ME);
  expect(await find(other)).toEqual(before);
});

test('a sign-in at home that has yet to be used goes with the address', async () => {
  const { db } = portal.deps.store;
  await sql`
    insert into session (sid, sess, expire) values
      ('home', ${JSON.stringify({ tenantIdentity: { address: ADDRESS, givenName: 'Zebedee' } })}::json, now() + interval '1 hour'),
      ('confirming', ${JSON.stringify({ tenantConfirmations: [{ requestId: 'x', identity: { account: 'Zebedee.Quux@Fabrikam.com', addresses: [] } }] })}::json, now() + interval '1 hour'),
      ('other', ${JSON.stringify({ tenantIdentity: { address: `un${ADDRESS}`, account: `${ADDRESS}.se` } })}::json, now() + interval '1 hour')`.execute(
    db,
  );
  expect(JSON.stringify(await exportPerson(db, ME))).toContain('Zebedee.Quux@Fabrikam.com');
  await erasePerson(db, ME);
  const { rows } = await sql<{ sid: string }>`
    delete from session where sid in ('home', 'confirming', 'other') returning sid`.execute(db);
  expect(rows).toEqual([{ sid: 'other' }]);
});

test('versions of the policy are named that name the address, and not those that name a longer one', async () => {
  const { db } = portal.deps.store;
  const version = (text: string, terms: string | null = null) =>
    db
      .insertInto('policy_version')
      .values({
        state: 'saved',
        hash: 'x',
        text,
        terms,
        author: 'file',
        counts: JSON.stringify({ partners: 0, apps: 0, groups: 0 }),
      })
      .returning(sql<string>`id::text`.as('id'))
      .executeTakeFirstOrThrow();
  const named = [
    await version('{"domains":["Zebedee.Quux@fabrikam.com"]}'),
    await version('{}', 'Write to zebedee.quux@fabrikam.com.'),
  ];
  for (const other of [
    `x${ADDRESS}`,
    `x.${ADDRESS}`,
    `${ADDRESS}.se`,
    `${ADDRESS}x`,
    ADDRESS.replace('.', 'x'),
  ])
    await version(JSON.stringify({ domains: [other] }));
  const { policyVersions } = await erasePerson(db, ME);
  expect(policyVersions).toEqual(named.map(({ id }) => id).reverse());
  await db.deleteFrom('policy_version').where('hash', '=', 'x').execute();
});

test('a proof that is on its way to a request that loses its address is not written to it', async () => {
  const { db } = portal.deps.store;
  const id = await have({ state: 'provisioned' });
  const proof = { kind: 'tenant' as const, at: new Date().toISOString(), browser: '', by: 'zebedee/1' };
  expect([await noteProof(db, id, proof), await openPage(db, id)]).toEqual([true, expect.any(String)]);
  await erasePerson(db, ME);
  expect([await noteProof(db, id, proof), await openPage(db, id)]).toEqual([false, null]);
  expect(await find(id)).toMatchObject({ proof: { browser: '' } });
  expect(await personalRows()).toEqual([]);
});

test('a form that is posted while the address is erased leads to a request of its own', async () => {
  const { db, exclusive } = portal.deps.store;
  const id = await have({ state: 'provisioned' });
  const visitor = portal.visitor();
  const _csrf = await visitor.csrf();
  const posting = await db.transaction().execute(async (trx) => {
    await withdrawRequest(trx, id);
    const answer = Promise.resolve(visitor.postRaw('/sign-up', { ...FORM, ...TYPED, _csrf }));
    // With a single connection no other transaction gets that far before the end.
    if (!exclusive) {
      await waitFor('the form to wait for the request', async () => {
        const { rows } = await sql`select from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(trx);
        return rows.length > 0;
      });
    }
    await anonymiseRequests(trx, [id]);
    return { answer };
  });
  const { headers } = await posting.answer;
  expect((await requestAt(portal, String(headers.location))).id).not.toBe(id);
  expect(await find(id)).toMatchObject({ asked_at: null, address: `anonymised-${id}@fabrikam.com` });
});

test('a member of staff loses name and sessions, and only the id is left', async () => {
  const { db } = portal.deps.store;
  const ada = await portal.staff('ada');
  const aud = await portal.staff('aud');
  const key = `${portal.tenant.tenantId}/${STAFF.ada}`;
  const data = JSON.stringify(await exportPerson(db, { oid: STAFF.ada }));
  expect(data).toContain('Ada Admin');
  expect(data).toContain('signIn.succeeded');
  expect(data).not.toContain('refreshToken');
  const done = await erasePerson(db, { oid: STAFF.ada });
  expect(done).toMatchObject({ people: 1, keys: [key] });
  expect(await wholeStore(portal)).not.toContain('Ada Admin');
  expect((await ada.get('/admin')).status).toBe(303);
  expect((await aud.get('/admin')).status).toBe(200);
  expect((await aud.get('/admin/audit')).text).toContain(key);
});
