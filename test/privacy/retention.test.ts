import { sql } from 'kysely';
import { verifyAudit } from '../../src/audit/verify.js';
import { sealNewEvents } from '../../src/audit/seal.js';
import { replay } from '../../src/administration/replay.js';
import { retain } from '../../src/privacy/retention.js';
import { makeDue } from '../../src/store/leases.js';
import { countPlacesOfPartner } from '../../src/store/places.js';
import {
  claimRetentionRun,
  expiredRequests,
  finishRetentionRun,
  lockExpiredRequests,
} from '../../src/store/retention.js';
import { findRun } from '../../src/store/runs.js';
import { FINISHED_STATES, OPEN_STATES, type NewRequest } from '../../src/store/schema.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { haltRun, previewOf, rowsOf } from '../support/aRun.js';
import { aRequest } from '../support/aRequest.js';
import { ageRequest, requestAt } from '../support/ageRequest.js';
import { NIGHT, passNight, wholeStore } from '../support/night.js';
import { textOf } from '../support/page.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { STAFF } from '../support/staff.js';
import { waitFor } from '../support/waitFor.js';
import { accessFor } from '../administration/aProposal.js';

const DAYS = 30;
const LONG_AGO = (DAYS + 1) * 24 * 60;
const TYPED = {
  email: 'zebedee.quux@fabrikam.com',
  firstName: 'Zebedee',
  lastName: 'Quuxson',
  company: 'Xyzzy AB',
  reason: 'Frobnicate the widgets',
};
const PERSONAL = /zebedee|quux|xyzzy|frobnicate/i;

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    env: { RETENTION_DAYS: String(DAYS) },
    policy: aPolicy({
      unlisted: 'review',
      partners: [
        aPartner({ limits: { total: 100 } }),
        aPartner({ id: 'manual', name: 'Manual', domains: ['manual.com'], approval: 'manual' }),
        aPartner({ id: 'proving', name: 'Proving', domains: ['proving.com'], proof: 'mailbox' }),
      ],
    }),
  });
});
afterAll(() => portal.close());
beforeEach(async () => {
  const { db } = portal.deps.store;
  for (const table of ['request', 'notice', 'mailbox', 'person'] as const)
    await db.deleteFrom(table).execute();
});

const longAgo = (minutes = LONG_AGO) => new Date(Date.now() - minutes * 60_000);

async function have(...rows: Partial<NewRequest>[]): Promise<string[]> {
  const requests = rows.map((row) =>
    aRequest({ state: 'provisioned', due_at: null, created_at: longAgo(), updated_at: longAgo(), ...row }),
  );
  await portal.deps.store.db.insertInto('request').values(requests).execute();
  return requests.map(({ id }) => id);
}

const find = (id: string | undefined) =>
  portal.deps.store.db
    .selectFrom('request')
    .selectAll()
    .where('id', '=', String(id))
    .executeTakeFirstOrThrow();

async function events(action: string) {
  const rows = await portal.deps.store.db
    .selectFrom('audit_event')
    .select('detail')
    .where('action', '=', action)
    .orderBy('id')
    .execute();
  return rows.map(({ detail }) => detail);
}

/** Signs a person up, waits until everything has happened, and makes it long ago. */
async function provisioned(fields = {}): Promise<string> {
  portal.startWorker();
  const path = await portal.visitor().apply({ ...TYPED, ...fields });
  const visitor = portal.visitor();
  await waitFor('the request', async () => (await visitor.status(path)).status === 'answered');
  await portal.stopWorker();
  await ageRequest(portal, path, LONG_AGO);
  return path;
}

test('14.2.7 of a person who was let in long ago, no table says who it was', async () => {
  const path = await provisioned();
  const { id, guest_id } = await requestAt(portal, path);
  expect(await wholeStore(portal)).toMatch(PERSONAL);
  await passNight(portal);
  await portal.deps.store.db.deleteFrom('mailbox').execute();
  const left = await wholeStore(portal);
  expect(left.split('\n').filter((row) => PERSONAL.test(row))).toEqual([]);
  // The trail goes on saying which guest was made, and the ledger what it has, until the access ends.
  expect(guest_id).not.toBeNull();
  const withGuest = left.split('\n').filter((row) => row.includes(String(guest_id)));
  expect(withGuest.every((row) => /^(audit_event|guest|access_grant):/.test(row))).toBe(true);
  expect(await find(id)).toMatchObject({
    address: `anonymised-${id}@fabrikam.com`,
    partner: 'fabrikam',
    state: 'provisioned',
    guest_id: null,
    browser_hash: null,
    terms_accepted_at: null,
  });
  const steps = await portal.deps.store.db
    .selectFrom('step')
    .selectAll()
    .where('request_id', '=', id)
    .execute();
  expect(steps.length).toBeGreaterThan(2);
  for (const step of steps) expect([step.detail, step.graph_request_id]).toEqual([{}, null]);
});

test('what people wrote about a request goes with it: reasons, notes, and what Microsoft said', async () => {
  const by = `${portal.tenant.tenantId}/${STAFF.ada}`;
  const [id] = await have({
    state: 'denied',
    problem: JSON.stringify({ code: 'addressRefused', detail: 'quux is invalid' }),
    review: JSON.stringify({
      outcome: 'denied',
      by,
      at: longAgo().toISOString(),
      reason: 'Quux?',
      note: 'xyzzy',
    }),
    proof: JSON.stringify({
      kind: 'tenant',
      at: longAgo().toISOString(),
      browser: 'ab'.repeat(32),
      by: 'quux/1',
    }),
  });
  await portal.deps.store.db
    .insertInto('challenge')
    .values({ request_id: String(id), browser_hash: Buffer.alloc(32), tries_left: 1 })
    .execute();
  await passNight(portal);
  const { problem, review, proof } = await find(id);
  expect(problem).toEqual({ code: 'addressRefused' });
  expect(review).toEqual({ outcome: 'denied', by, at: expect.any(String) as string });
  expect(proof).toEqual({ kind: 'tenant', at: expect.any(String) as string, browser: '' });
  expect(await portal.deps.store.db.selectFrom('challenge').selectAll().execute()).toEqual([]);
});

test.each<[fact: string, rule: string | null, reasons: object[], domain: string, kept: string]>([
  ['a listed domain stays', 'x.com', [{ code: 'domain.listed', rule: 'x.com' }], 'x.com', 'x.com'],
  [
    'so does one under a wildcard',
    '*.x.com',
    [{ code: 'domain.wildcard', rule: '*.x.com' }],
    'a.x.com',
    'a.x.com',
  ],
  [
    'and a public provider’s',
    'deny: consumer',
    [{ code: 'denied.consumer', domain: 'gmail.com' }],
    'gmail.com',
    'gmail.com',
  ],
  [
    'one that was reached by an address goes',
    'bo@quux.name',
    [{ code: 'address.listed', rule: 'bo@quux.name' }],
    'quux.name',
    'anonymised.invalid',
  ],
  [
    'one that nobody lists goes',
    'unlisted',
    [{ code: 'unlisted', outcome: 'review' }],
    'quux.name',
    'anonymised.invalid',
  ],
  [
    'a look-alike goes',
    'deny: look-alike',
    [{ code: 'denied.lookAlike', domain: 'quux.name', near: 'x.com' }],
    'quux.name',
    'anonymised.invalid',
  ],
  ['one of no rule goes', null, [], 'quux.name', 'anonymised.invalid'],
])('%s', async (_fact, rule, reasons, domain, kept) => {
  const decision = {
    outcome: 'invite',
    partner: null,
    rule,
    grants: { groups: [], apps: [], appRoles: [] },
    reasons,
  };
  const [id] = await have({ address: `bo@${domain}`, partner: null, decision: JSON.stringify(decision) });
  await passNight(portal);
  const row = await find(id);
  expect(row.address).toBe(`anonymised-${id}@${kept}`);
  expect(JSON.stringify(row)).not.toMatch(/bo@|quux/);
  expect(row.decision.reasons.map(({ code }) => code)).toEqual(
    reasons.map((reason) => (reason as { code: string }).code),
  );
});

test('what is open, young, or yet to be mailed keeps its data; the rest of the finished ones lose it', async () => {
  const rows: { row: Partial<NewRequest>; keeps: boolean }[] = [
    ...OPEN_STATES.map((state) => ({ row: { state }, keeps: true })),
    ...FINISHED_STATES.map((state) => ({ row: { state }, keeps: false })),
    { row: { updated_at: longAgo(LONG_AGO - 2 * 24 * 60) }, keeps: true },
    { row: { due_at: new Date() }, keeps: true },
  ];
  const ids = await have(...rows.map(({ row }, index) => ({ ...row, address: `p${index}@fabrikam.com` })));
  await passNight(portal);
  const kept = await Promise.all(ids.map(async (id) => (await find(id)).anonymised_at === null));
  expect(kept).toEqual(rows.map(({ keeps }) => keeps));
});

test('an old link leads to a page that says so, names nobody and sends nothing', async () => {
  const path = await provisioned();
  await passNight(portal);
  const visitor = portal.visitor();
  const page = await visitor.get(path);
  expect(page.status).toBe(200);
  expect(textOf(page.text)).toContain('This request is closed');
  expect(page.text).not.toMatch(/zebedee|anonymised-|fabrikam\.com|<form[^>]*resend/);
  expect(await visitor.status(path)).toMatchObject({ status: 'answered', reason: null, steps: [] });
  const { id, version } = await requestAt(portal, path);
  const csrf = await visitor.csrf('/');
  expect((await visitor.postRaw(`${path}/resend`, { _csrf: csrf })).status).toBe(409);
  const ada = await portal.staff('ada');
  await ada.post(
    `/admin/requests/${id}/resend`,
    { version: String(version) },
    { from: `/admin/requests/${id}` },
  );
  expect((await requestAt(portal, path)).due_at).toBeNull();
});

test('a mail that is requested at the moment of anonymising is not queued', async () => {
  const [id] = await have({});
  await passNight(portal);
  expect(
    await makeDue(portal.deps.store.db, String(id), {
      from: ['provisioned'],
      to: 'provisioned',
      inSeconds: 0,
      trace: null,
    }),
  ).toBe(false);
});

test('the admin area lists, finds, shows, exports and counts what was anonymised', async () => {
  const [id] = await have({
    address: TYPED.email,
    first_name: 'Zebedee',
    last_name: 'Quuxson',
    created_at: new Date(),
  });
  const [nameless] = await have({
    address: 'bo@quux.name',
    partner: null,
    state: 'denied',
    decision: JSON.stringify({
      outcome: 'deny',
      partner: null,
      rule: 'unlisted',
      grants: { groups: [], apps: [], appRoles: [] },
      reasons: [{ code: 'unlisted', outcome: 'deny' }],
    }),
  });
  await passNight(portal);
  const ada = await portal.staff('ada');
  const list = textOf((await ada.get('/admin/requests')).text);
  expect(list).toContain('Anonymised, fabrikam.com');
  expect((await ada.get('/admin/requests?search=@fabrikam')).text).toContain(String(id));
  for (const search of ['zebedee', 'quuxson']) {
    expect((await ada.get(`/admin/requests?search=${search}`)).text).not.toContain(String(id));
  }
  for (const [request, title] of [
    [id, 'Anonymised, fabrikam.com'],
    [nameless, 'Request from Anonymised'],
  ]) {
    const page = await ada.get(`/admin/requests/${request}`);
    expect(page.status).toBe(200);
    expect(textOf(page.text)).toContain(title);
    expect(textOf(page.text)).toContain('Personal data removed');
    expect(page.text).not.toMatch(/zebedee|quux|\/approve"|\/resend"|id="resend"/i);
  }
  const csv = await ada.get('/admin/requests.csv');
  expect(csv.text).toContain(`anonymised-${id}@fabrikam.com`);
  expect(csv.text).not.toMatch(PERSONAL);
  expect((await ada.get('/admin')).status).toBe(200);
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from request where partner = 'fabrikam' and created_at > now() - interval '1 day'`.execute(
    portal.deps.store.db,
  );
  expect(rows).toEqual([{ n: 1 }]);
});

test('a policy is tried on those whose domain is known, and on nobody else', async () => {
  await have(
    { address: 'a@fabrikam.com' },
    {
      address: 'b@quux.name',
      decision: JSON.stringify({
        outcome: 'review',
        partner: null,
        rule: 'unlisted',
        grants: {},
        reasons: [],
      }),
    },
  );
  await passNight(portal);
  const { policy: before } = portal.deps.policy.current();
  const reading = await portal.deps.policy.readDraft(
    JSON.stringify(aPolicy({ partners: [], unlisted: 'deny' })),
  );
  if (reading.kind !== 'loaded') throw new Error('The policy is faulty');
  const { examined, changed } = await replay(
    portal.deps,
    accessFor(portal.deps),
    before,
    reading.loaded.policy,
  );
  expect([examined, changed.length]).toEqual([1, 1]);
  expect(changed[0]?.address).toMatch(/^anonymised-.*@fabrikam\.com$/);
});

test('a person who signs up again after that gets a request of their own, and the old one stays as it is', async () => {
  const old = await provisioned();
  await passNight(portal);
  const anew = await provisioned();
  expect(anew).not.toBe(old);
  expect((await requestAt(portal, anew)).address).toBe(TYPED.email);
  // Twice the same person, twice long ago: neither the unique indexes nor anything else is in the way.
  await passNight(portal);
  expect((await requestAt(portal, anew)).anonymised_at).not.toBeNull();
});

test('a place stays one person’s, however often they had asked', async () => {
  const { db } = portal.deps.store;
  const places = async () =>
    (await countPlacesOfPartner(db, { partner: 'fabrikam', address: 'other@fabrikam.com' }, 'total')).total;
  await have(
    { address: 'twice@fabrikam.com' },
    { address: 'twice@fabrikam.com' },
    { address: 'again@fabrikam.com' },
    { address: 'again@fabrikam.com', updated_at: new Date() },
    { address: 'refused@fabrikam.com', state: 'denied' },
    { address: 'once@fabrikam.com' },
  );
  expect(await places()).toBe(3);
  await passNight(portal);
  expect(await places()).toBe(3);
  await db.updateTable('request').set({ updated_at: longAgo() }).execute();
  await passNight(portal);
  expect(await places()).toBe(3);
});

test('staff who have not signed in for so long, and digests of that time, are forgotten', async () => {
  const { db } = portal.deps.store;
  const person = (key: string, signed_in_at: Date) => ({ key, name: key, roles: '[]', signed_in_at });
  await db
    .insertInto('person')
    .values([person('t/old', longAgo()), person('t/new', new Date())])
    .execute();
  const notice = (period: string, finished_at: Date | null) => ({
    id: crypto.randomUUID(),
    kind: 'digest' as const,
    period,
    recipient: 'mail lee@contoso.com',
    state: finished_at ? ('sent' as const) : ('waiting' as const),
    created_at: longAgo(),
    finished_at,
  });
  await db
    .insertInto('notice')
    .values([notice('2020-01-01', longAgo()), notice('2020-01-02', new Date()), notice('2020-01-03', null)])
    .execute();
  await passNight(portal);
  expect((await db.selectFrom('person').select('key').execute()).map(({ key }) => key)).toEqual(['t/new']);
  const periods = await db.selectFrom('notice').select('period').orderBy('period').execute();
  expect(periods.map(({ period }) => period)).toEqual(['2020-01-02', '2020-01-03']);
});

describe('the night', () => {
  const many = (count: number) =>
    have(...Array.from({ length: count }, (_, index) => ({ address: `n${index}@fabrikam.com` })));

  beforeEach(async () => {
    await portal.deps.store.db.deleteFrom('retention_run').execute();
  });

  const anonymised = async () =>
    (
      await portal.deps.store.db
        .selectFrom('request')
        .select('id')
        .where('anonymised_at', 'is not', null)
        .execute()
    ).length;

  test('nothing happens before it', async () => {
    await many(1);
    await retain(portal.deps, { now: new Date('2030-01-02T01:59:59Z') });
    expect(await anonymised()).toBe(0);
    await retain(portal.deps, { now: new Date('2030-01-02T02:00:00Z') });
    expect(await anonymised()).toBe(1);
  });

  test('is the work of one instance: of five that try, one does it, and there is one event', async () => {
    await many(120);
    const before = (await events('privacy.anonymised')).length;
    await Promise.all(Array.from({ length: 5 }, () => retain(portal.deps, { now: NIGHT })));
    await retain(portal.deps, { now: NIGHT });
    expect(await anonymised()).toBe(120);
    const told = (await events('privacy.anonymised')).slice(before);
    expect(told).toEqual([
      {
        day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) as string,
        days: DAYS,
        requests: 120,
        notices: 0,
        people: 0,
      },
    ]);
  });

  test('that is cut off goes on later, and counts each request once', async () => {
    await many(120);
    const before = (await events('privacy.anonymised')).length;
    // Stopped after the first batch, however fast the second would be.
    let looks = 0;
    const stopping = Object.defineProperty(new AbortController().signal, 'aborted', {
      get: () => ++looks > 1,
    });
    await retain(portal.deps, { now: NIGHT, stopping });
    expect(await anonymised()).toBe(50);
    expect((await events('privacy.anonymised')).length).toBe(before);
    await retain(portal.deps, { now: NIGHT });
    expect(await anonymised()).toBe(120);
    expect((await events('privacy.anonymised')).slice(before)).toMatchObject([{ requests: 120 }]);
  });

  test('that its instance did not survive is gone on with by another', async () => {
    const { db } = portal.deps.store;
    await many(1);
    expect(await claimRetentionRun(db, '2030-01-02', 900)).toBe(true);
    await retain(portal.deps, { now: NIGHT });
    expect(await anonymised()).toBe(0);
    await db
      .updateTable('retention_run')
      .set({ lease_until: new Date(0) })
      .execute();
    await retain(portal.deps, { now: NIGHT });
    expect(await anonymised()).toBe(1);
  });

  test('that an instance of the version before has finished stays over, and one that it has begun is finished', async () => {
    const { db } = portal.deps.store;
    await many(1);
    await db.insertInto('retention_run').values({ day: '2030-01-02', finished_at: new Date() }).execute();
    await retain(portal.deps, { now: NIGHT });
    expect(await anonymised()).toBe(0);
    await db.updateTable('retention_run').set({ finished_at: null }).execute();
    await retain(portal.deps, { now: NIGHT });
    expect(await anonymised()).toBe(1);
  });

  test("takes Microsoft's words from a run that was halted long ago", async () => {
    const { db } = portal.deps.store;
    const ids = [
      await previewOf(portal, 'Email\nz1@fabrikam.com'),
      await previewOf(portal, 'Email\nz2@fabrikam.com'),
    ];
    for (const id of ids) await haltRun(portal, id);
    await db.updateTable('run').set({ created_at: longAgo() }).where('id', '=', String(ids[0])).execute();
    await passNight(portal);
    const halted = await Promise.all(ids.map((id) => findRun(db, id)));
    expect(halted.map((run) => run?.problem)).toEqual([
      { code: 'invitationsBlocked' },
      { code: 'invitationsBlocked', detail: expect.stringContaining('blocked') as string },
    ]);
    expect((await rowsOf(portal, String(ids[0])))[0]?.typed.email).toBe('');
  });

  test('in which nothing was old enough leaves no event', async () => {
    const before = (await events('privacy.anonymised')).length;
    await passNight(portal);
    expect((await events('privacy.anonymised')).length).toBe(before);
  });

  test('that is over stays over, also when it is asked for again', async () => {
    const { db } = portal.deps.store;
    await many(1);
    await retain(portal.deps, { now: NIGHT });
    const before = (await events('privacy.anonymised')).length;
    await have({ address: 'late@fabrikam.com' });
    await retain(portal.deps, { now: NIGHT });
    expect(await anonymised()).toBe(1);
    expect((await events('privacy.anonymised')).length).toBe(before);
    const [run] = await db.selectFrom('retention_run').select('day').execute();
    expect(await finishRetentionRun(db, String(run?.day))).toBeUndefined();
  });

  test('does not come where everything is kept', async () => {
    await many(1);
    const config = { ...portal.deps.config, retentionDays: null };
    await retain({ ...portal.deps, config }, { now: NIGHT });
    expect(await anonymised()).toBe(0);
    expect(await portal.deps.store.db.selectFrom('retention_run').select('day').execute()).toEqual([]);
  });

  test('comes by itself in a portal that runs', async () => {
    await many(60);
    portal.startWorker(() => NIGHT);
    await waitFor('the night’s work', async () => (await anonymised()) === 60);
    await portal.stopWorker();
  });
});

test('the audit trail is whole after all that', async () => {
  const { db } = portal.deps.store;
  await sealNewEvents(db);
  expect((await verifyAudit(db, null)).findings).toEqual([]);
});

test('what is due is found by an index, however much was anonymised before', async () => {
  const { db } = portal.deps.store;
  await sql`
    insert into request (id, token_hash, address, first_name, last_name, company, reason, language, decision, policy_hash,
      state, anonymised_at, updated_at)
    select gen_random_uuid(), decode(md5('plan' || i), 'hex'), 'x' || i || '@fabrikam.com', '', '', '', '', 'en', '{}', '',
      'provisioned', now(), now() - interval '90 days' from generate_series(1, 5000) as i`.execute(db);
  await sql`analyze request`.execute(db);
  const { rows } = await sql<{ 'QUERY PLAN': string }>`explain ${expiredRequests(db, DAYS, 50)}`.execute(db);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toMatch(/request_retained[\s\S]*Index Cond: \(updated_at/);
  const locked = await db.transaction().execute((trx) => lockExpiredRequests(trx, DAYS, 50));
  expect(locked).toEqual([]);
});
