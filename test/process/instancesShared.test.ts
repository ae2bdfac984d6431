import { sql } from 'kysely';
import { createLog } from '../../src/log.js';
import { openStore, type Store } from '../../src/store/database.js';
import { findSubmission } from '../../src/store/submissions.js';
import { hashToken } from '../../src/token.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { fill, save } from '../support/formOf.js';
import { valueOf } from '../support/page.js';
import { signIn, STAFF } from '../support/staff.js';
import { FORM, type Visitor } from '../support/visitor.js';
import { SERVED_BY } from '../support/balancer.js';
import { waitFor } from '../support/waitFor.js';
import { openCluster, type Cluster } from './cluster.js';

// What one instance knows, the others know: each test lets several of them have their turn.

const INSTANCES = 3;
const RETRY_AFTER_SECONDS = 4;

/** For an instance whose clock is ahead. */
const clockAhead = (minutes: number) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
    `const now = Date.now; Date.now = () => now() + ${minutes} * 60e3;`,
  )}`,
});

// The embedded store belongs to one process.
const onPostgres = process.env.DATABASE_URL ? describe : describe.skip;

onPostgres('three instances on one PostgreSQL', () => {
  let cluster: Cluster;
  let store: Store;
  let ada: Visitor;

  beforeAll(async () => {
    cluster = await openCluster(INSTANCES, {
      policy: aPolicy({
        partners: [aPartner(), aPartner({ id: 'wingtip', domains: ['wingtiptoys.com'], proof: 'mailbox' })],
      }),
    });
    await cluster.site.tenant.settings({ resourceUnitsPer10s: 1e9, writesPer150s: 1e9 });
    store = await openStore(cluster.site.database, createLog('silent'), { migrate: false });
    ada = cluster.newcomer();
    await signIn(ada, cluster.site.tenant, STAFF.ada);
  }, 180_000);
  afterAll(async () => {
    await store.close();
    await cluster.close();
  });

  /** Looks until every instance has given the answer that is wanted. */
  async function everywhere(look: () => Promise<{ by: string; wanted: boolean }>, withinMs = 10_000) {
    const given = new Set<string>();
    await waitFor(
      'every instance to agree',
      async () => {
        const { by, wanted } = await look();
        // The balancer goes round: looks of three requests each would come to the same instance for ever.
        if (given.has(by)) await cluster.newcomer().get('/healthz');
        if (wanted) given.add(by);
        return given.size === INSTANCES;
      },
      withinMs,
    );
  }

  /** The page says so, and the store as well. */
  async function provisioned(path: string): Promise<void> {
    await waitFor(`${path} to be answered`, async () => (await ada.status(path)).status === 'answered');
    const tokenHash = hashToken(path.split('/').at(-1) ?? '');
    const { request } = (await findSubmission(store.db, tokenHash)) ?? {};
    expect(request?.state).toBe('provisioned');
  }

  test('a session that was made at one counts at all', async () => {
    const answers = [];
    for (let count = 0; count < 2 * INSTANCES; count++) answers.push(await ada.get('/admin'));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(({ headers }) => headers[SERVED_BY])).size).toBe(INSTANCES);
  });

  test('a client has one allowance', async () => {
    const client = cluster.newcomer();
    const fields = { ...FORM, email: '', _csrf: await client.csrf() };
    const answers = [];
    for (let count = 0; count < 12; count++) {
      answers.push(
        ...(await Promise.all(Array.from({ length: 11 }, () => client.postRaw('/sign-up', fields)))),
      );
    }
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(120);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(12);
    expect(new Set(answers.map(({ headers }) => headers[SERVED_BY])).size).toBe(INSTANCES);
  });

  test('an address that is sent to all at once is one request, one guest and one mail', async () => {
    const people = Array.from({ length: 2 * INSTANCES }, () => cluster.newcomer());
    const paths = await Promise.all(people.map((person) => person.apply({ email: 'at.once@fabrikam.com' })));
    for (const path of paths) await provisioned(path);
    const { rows } = await sql`select from request where address = 'at.once@fabrikam.com'`.execute(store.db);
    expect(rows).toHaveLength(1);
    const { users, mails } = await cluster.site.tenant.state();
    expect(users.filter(({ mail }) => mail === 'at.once@fabrikam.com')).toHaveLength(1);
    expect(mails.filter(({ to }) => to.includes('at.once@fabrikam.com'))).toHaveLength(1);
  });

  test('a policy that is saved at one is in force at all within seconds', async () => {
    const text = JSON.stringify(
      aPolicy({
        partners: [
          aPartner(),
          aPartner({ id: 'wingtip', domains: ['wingtiptoys.com'], proof: 'mailbox' }),
          aPartner({ id: 'litware', name: 'Litware', domains: ['litware.com'] }),
        ],
      }),
    );
    const preview = await fill(ada, '/admin/policy', { text }, '/admin/policy/preview');
    expect((await save(ada, preview.text)).status).toBe(303);
    await everywhere(async () => {
      const page = await ada.get('/admin/policy');
      return { by: String(page.headers[SERVED_BY]), wanted: valueOf(page.text, 'text') === text };
    });
    const paths = [];
    for (let count = 0; count < INSTANCES; count++) {
      paths.push(await cluster.newcomer().apply({ email: `leo${count}@litware.com` }));
    }
    for (const path of paths) await provisioned(path);
  });

  test('of two policies that are saved at once one is in force, and the other person is told', async () => {
    const edited = async (name: string) => {
      const before = valueOf((await ada.get('/admin/policy')).text, 'text') ?? '';
      const text = before.replace('"name":"Fabrikam"', `"name":"${name}"`);
      return fill(ada, '/admin/policy', { text }, '/admin/policy/preview');
    };
    const previews = [await edited('Fabrikam One'), await edited('Fabrikam Two')];
    const saved = await Promise.all(previews.map((preview) => save(ada, preview.text)));
    expect(new Set(saved.map(({ headers }) => headers[SERVED_BY])).size).toBe(2);
    expect(saved.map(({ status }) => status).sort()).toEqual([303, 409]);
    const winner = saved[0]?.status === 303 ? 'Fabrikam One' : 'Fabrikam Two';
    await everywhere(async () => {
      const page = await ada.get('/admin/policy');
      return {
        by: String(page.headers[SERVED_BY]),
        wanted: (valueOf(page.text, 'text') ?? '').includes(winner),
      };
    });
  });

  test('what Graph asks one to wait, all wait', async () => {
    const { tenant } = cluster.site;
    await tenant.fault({
      on: 'graph',
      method: 'GET',
      path: '^/users$',
      fault: { kind: 'status', status: 429, headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) } },
    });
    const paths = [await cluster.newcomer().apply({ email: 'throttled@fabrikam.com' })];
    type Call = { at: string; path: string; status: number };
    const calls = async () => (await (await fetch(`${tenant.peopleUrl}/control/ledger`)).json()) as Call[];
    const refused = await waitFor('the refusal', async () =>
      (await calls()).find(({ status }) => status === 429),
    );
    const isPaused = async () => {
      const { rows } = await sql`select from pause where name = 'graph' and until > now()`.execute(store.db);
      return rows.length > 0;
    };
    await waitFor('the pause', isPaused);
    for (let count = 0; count < 2 * INSTANCES; count++) {
      paths.push(await cluster.newcomer().apply({ email: `patient${count}@fabrikam.com` }));
    }
    for (const path of paths) await provisioned(path);
    const next = (await calls()).find(({ at, path }) => at > refused.at && path.startsWith('/v1.0'));
    const waitedMs = Date.parse(next?.at ?? '') - Date.parse(refused.at);
    expect(waitedMs).toBeGreaterThan((RETRY_AFTER_SECONDS - 1) * 1000);
  }, 180_000);

  test('each mail of the process is sent by one, and each request is lapsed by one', async () => {
    const emails = Array.from({ length: 12 }, (_, count) => `tom${count}@wingtiptoys.com`);
    const paths = await Promise.all(emails.map((email) => cluster.newcomer().apply({ email })));
    const mailsTo = async (email: string) => (await cluster.site.tenant.mailsTo(email)).length;
    for (const email of emails) await waitFor(`a mail to ${email}`, async () => (await mailsTo(email)) > 0);
    await sql`update request set created_at = created_at - interval '2 days', slot_at = slot_at - interval '2 days'
      where state = 'unproven'`.execute(store.db);
    // Each begins with a look at what is overdue.
    for (let index = 0; index < INSTANCES; index++) await cluster.end(index, 'SIGKILL');
    await Promise.all(Array.from({ length: INSTANCES }, (_, index) => cluster.start(index)));
    for (const path of paths) {
      await waitFor('the request to lapse', async () => (await ada.status(path)).status === 'lapsed');
    }
    const { rows } = await sql<{ events: number }>`
      select count(*)::int as events from audit_event where action = 'request.lapsed' group by request_id`.execute(
      store.db,
    );
    expect(rows).toEqual(emails.map(() => ({ events: 1 })));
    for (const email of emails) expect(await mailsTo(email)).toBe(1);
  }, 180_000);

  test('a schema that a newer version has added to, while these run, is no hindrance', async () => {
    await sql`alter table request add column later text`.execute(store.db);
    await sql`alter table step add column later text not null default ''`.execute(store.db);
    await sql`alter table audit_event add column later text`.execute(store.db);
    await sql`create table later (id int primary key)`.execute(store.db);
    await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '')`.execute(store.db);
    // One that starts anew, and two whose connections have planned their statements before.
    await cluster.end(0, 'SIGKILL');
    await cluster.start(0);
    let count = 0;
    await everywhere(async () => {
      const answer = await cluster.newcomer().signUp({ email: `later${count++}@fabrikam.com` });
      expect(answer.status).toBe(303);
      await provisioned(answer.headers.location ?? '');
      return { by: String(answer.headers[SERVED_BY]), wanted: true };
    }, 60_000);
  }, 180_000);

  test('one whose clock is ahead by more than a session may be idle signs nobody out', async () => {
    await cluster.end(1, 'SIGKILL');
    await cluster.start(1, clockAhead(40));
    await everywhere(async () => {
      const answer = await ada.get('/admin');
      expect(answer.status).toBe(200);
      return { by: String(answer.headers[SERVED_BY]), wanted: true };
    });
  }, 180_000);

  test('one whose clock is hours ahead shuts nobody out for longer than a period', async () => {
    await cluster.end(0, 'SIGTERM');
    await cluster.start(0, clockAhead(180));
    const client = cluster.newcomer();
    const fields = { ...FORM, email: '', _csrf: await client.csrf() };
    const answers = [];
    for (let count = 0; count < 12; count++) {
      answers.push(
        ...(await Promise.all(Array.from({ length: 12 }, () => client.postRaw('/sign-up', fields)))),
      );
    }
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(120);
    const refused = answers.filter(({ status }) => status === 429);
    expect(new Set(refused.map(({ headers }) => headers[SERVED_BY])).size).toBe(INSTANCES);
    for (const { headers } of refused) {
      expect(Number(headers['retry-after'])).toBeGreaterThan(500);
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(600);
    }
  }, 180_000);
});
