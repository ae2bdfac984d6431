import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { sql } from 'kysely';
import supertest from 'supertest';
import { createApp } from '../../src/app.js';
import type { Config } from '../../src/config.js';
import { createBrake } from '../../src/store/brake.js';
import { textOf, valueOf } from '../support/page.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { routesOf } from '../support/routes.js';
import { signIn, STAFF } from '../support/staff.js';
import { FORM, Visitor } from '../support/visitor.js';

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({ worker: false });
});
afterAll(() => portal.close());
beforeEach(() => sql`delete from rate_limit`.execute(portal.deps.store.db));

type App = ReturnType<typeof createApp>;
type Headers = Record<string, string | string[]>;

/** One of several instances, which count together in the store; on a store of its own it would count in memory. */
function instance(config: Partial<Config> = {}, { exclusive = false, signUpsPerMinute = 600 } = {}): App {
  const store = { ...portal.deps.store, exclusive };
  return createApp({
    ...portal.deps,
    config: { ...portal.deps.config, trustProxy: 1, ...config },
    store,
    brake: createBrake(store, signUpsPerMinute, portal.deps.log),
  });
}

/** A browser that has opened the form. */
async function opened(app: App) {
  const agent = supertest.agent(app);
  const _csrf = /name="_csrf" value="([^"]+)"/.exec((await agent.get('/')).text)?.[1];
  return (path: string, headers: Headers, fields: Record<string, string> = {}) =>
    agent
      .post(path)
      .set(headers as Record<string, string>)
      .type('form')
      .send({ ...FORM, _csrf, ...fields });
}

/** Opens the form and posts it without an address: it is counted, and nothing becomes of it. */
const post = async (app: App, headers: Headers) => (await opened(app))('/sign-up', headers, { email: '' });

const from = (address: string) => ({ 'X-Forwarded-For': address });

/** Says that a client has posted so often in the last minutes. */
async function hasPosted(client: string, points: number, limit = 'client') {
  await sql`insert into rate_limit (key, points, expire) values (${`${limit}:${client}`}, ${points}, ${Date.now() + 300_000})
    on conflict (key) do update set points = excluded.points`.execute(portal.deps.store.db);
}

async function counted(): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`
    select substr(key, 8) as key from rate_limit where key like 'client:%' order by key`.execute(
    portal.deps.store.db,
  );
  return rows.map(({ key }) => key);
}

describe('a client', () => {
  test('2.4.1 may post 120 times in ten minutes; after that a page tells when to come back', async () => {
    const app = instance();
    await hasPosted('192.0.2.1', 119);
    expect((await post(app, from('192.0.2.1:40001'))).status).toBe(422);
    const refused = await post(app, from('192.0.2.1:40002'));
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers['retry-after']);
    expect(seconds).toBeGreaterThan(240);
    expect(seconds).toBeLessThanOrEqual(300);
    const [, minutes, time = ''] =
      /We've had too many attempts from your network\. Try again in (\d) minutes, at (.{5}) UTC\./.exec(
        textOf(refused.text),
      ) ?? [];
    expect(minutes).toBe('5');
    // The clock's full minute after which it works again, and no more than that.
    const lateMs = Date.parse(`${new Date().toDateString()} ${time} UTC`) - Date.now();
    expect(((lateMs + 24 * 3600_000) % (24 * 3600_000)) / 1000 - seconds).toBeGreaterThanOrEqual(-1);
    expect(((lateMs + 24 * 3600_000) % (24 * 3600_000)) / 1000 - seconds).toBeLessThan(61);
    // The form is there again, with what was typed; pages can be read all the same, and others are not concerned.
    expect(valueOf(refused.text, 'reason')).toBe(FORM.reason);
    await supertest(app).get('/').set(from('192.0.2.1')).expect(200);
    expect((await post(app, from('192.0.2.2'))).status).toBe(422);
  });

  test('that is a program is told the same as JSON', async () => {
    await hasPosted('192.0.2.3', 120);
    const send = await opened(instance());
    const answer = await send('/sign-up', {
      ...from('192.0.2.3'),
      Accept: 'application/json',
    });
    expect([answer.status, Number(answer.headers['retry-after']) > 0]).toEqual([429, true]);
    expect(answer.body).toMatchObject({ error: { id: 'tooManyRequests' } });
  });

  test('that cannot be counted is not let through', async () => {
    const { db } = portal.deps.store;
    await sql`alter table rate_limit rename to mislaid`.execute(db);
    const answer = await post(instance(), from('192.0.2.9')).finally(() =>
      sql`alter table mislaid rename to rate_limit`.execute(db),
    );
    expect(answer.status).toBe(500);
  });

  test('is counted in memory where the process has its store to itself', async () => {
    const send = await opened(instance({}, { exclusive: true }));
    const statuses = new Set<number>();
    for (let posted = 0; posted < 120; posted++) {
      statuses.add((await send('/sign-up', from('192.0.2.4'), { email: '' })).status);
    }
    expect([...statuses]).toEqual([422]);
    expect((await send('/sign-up', from('192.0.2.4'))).status).toBe(429);
    expect(await counted()).toEqual([]);
  });

  test('that posts to two instances at once has one allowance', async () => {
    const [one, other] = [await opened(instance()), await opened(instance())];
    await hasPosted('192.0.2.5', 100);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        (index % 2 ? one : other)('/sign-up', from('192.0.2.5'), { email: '' }).then(({ status }) => status),
      ),
    );
    expect(answers.filter((status) => status === 422)).toHaveLength(20);
    expect(answers.filter((status) => status === 429)).toHaveLength(10);
  });

  test('2.4.1 with a whole IPv6 network to choose addresses from has one allowance', async () => {
    const app = instance();
    await hasPosted('2001:db8:7:1::/64', 119);
    expect((await post(app, from('2001:db8:7:1::1'))).status).toBe(422);
    expect((await post(app, from('2001:db8:7:1:ffff:ffff:ffff:ffff'))).status).toBe(429);
    expect((await post(app, from('2001:db8:7:2::1'))).status).toBe(422);
  });

  test('that has a whole site of IPv6 networks to choose from is held at four times as much', async () => {
    const app = instance();
    await hasPosted('2001:db8:8::/48', 479, 'site');
    expect((await post(app, from('2001:db8:8:1::1'))).status).toBe(422);
    expect((await post(app, from('2001:db8:8:2::1'))).status).toBe(429);
    expect((await post(app, from('2001:db8:9:2::1'))).status).toBe(422);
  });
});

describe('behind so many trusted proxies a client is counted by what the outermost of them saw:', () => {
  const OWN = '127.0.0.1';

  test.each<[proxies: number, header: string | string[], client: string]>([
    [1, '198.51.100.7', '198.51.100.7'],
    [1, '198.51.100.8:61234', '198.51.100.8'],
    [1, '  198.51.100.9 ', '198.51.100.9'],
    [1, '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    [1, '2001:DB8:0001:0002::1', '2001:db8:1:2::/64'],
    [1, '[2001:db8:1:2::9]:61234', '2001:db8:1:2::/64'],
    [1, '[2001:db8:1:2::9]', '2001:db8:1:2::/64'],
    [1, 'fe80::1%eth0', 'fe80:0:0:0::/64'],
    [1, '::ffff:198.51.100.10', '198.51.100.10'],
    [1, '::FFFF:c633:640b', '198.51.100.11'],
    [1, '[::ffff:198.51.100.12]:443', '198.51.100.12'],
    // Whatever the client wrote itself stands before that.
    [1, '203.0.113.9, 198.51.100.13:443', '198.51.100.13'],
    [1, '198.51.100.14,198.51.100.15,198.51.100.16', '198.51.100.16'],
    [1, ['203.0.113.9', '198.51.100.17'], '198.51.100.17'],
    [1, ['198.51.100.18', '203.0.113.9, 198.51.100.19'], '198.51.100.19'],
    [2, '203.0.113.9, 198.51.100.20:443, 10.0.0.1', '198.51.100.20'],
    [2, ['203.0.113.9, 198.51.100.21', '10.0.0.1:8080'], '198.51.100.21'],
    // All who hide behind nonsense share one allowance.
    [1, 'unknown', 'unknown'],
    [1, '_hidden', 'unknown'],
    [1, '198.51.100.7.8', 'unknown'],
    [1, '999.1.1.1', 'unknown'],
    [1, '0x7f.1', 'unknown'],
    [1, '[2001:db8::1', 'unknown'],
    [1, '2001:db8::1::2', 'unknown'],
    [1, "198.51.100.7' or 1=1 --", 'unknown'],
    [0, '198.51.100.22', OWN],
    [0, ['198.51.100.23', '198.51.100.24:99'], OWN],
  ])('4.1.3 %i, %j', async (trustProxy, header, client) => {
    await post(instance({ trustProxy }), { 'X-Forwarded-For': header });
    expect(await counted()).toEqual([client]);
  });

  test('1, however much that is', async () => {
    const long = '1.'.repeat(3000);
    const answers = [
      await post(instance(), from(long)),
      await post(instance(), from(`203.0.113.9, ${long}`)),
      await post(instance(), from(`${'203.0.113.9, '.repeat(500)}198.51.100.25`)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([422, 422, 422]);
    expect(await counted()).toEqual(['198.51.100.25', 'unknown']);
  });

  test.each([
    'Forwarded',
    'X-Real-IP',
    'X-Client-IP',
    'Client-IP',
    'True-Client-IP',
    'CF-Connecting-IP',
    'X-Azure-ClientIP',
    'X-Forwarded-Host',
  ])('4.1.3 1, whatever %s says', async (name) => {
    await post(instance(), { ...from('198.51.100.30'), [name]: '203.0.113.30' });
    expect(await counted()).toEqual(['198.51.100.30']);
  });
});

test('every page that takes something from strangers, or makes a session for them, is limited', async () => {
  const app = instance({ trustProxy: 0 });
  const server = app.listen(0);
  await once(server, 'listening');
  // Some of the forms belong to a session: whoever has one holds its token.
  const visitor = new Visitor(`http://localhost:${(server.address() as AddressInfo).port}`);
  await signIn(visitor, portal.tenant, STAFF.aud);
  const tokens = [await visitor.csrf('/'), await visitor.csrf('/admin')];
  // The language costs nothing: it is a cookie.
  const open = routesOf(app).filter(({ path }) => !/^\/(admin|sign-out|language)/.test(path));
  const entrances = open.filter(
    ({ method, path }) => method === 'POST' || /^\/(sign-in|verify\/tenant)(\/:token)?$/.test(path),
  );
  expect(entrances.map(({ method, path }) => `${method} ${path}`)).toEqual(
    expect.arrayContaining(['POST /sign-up', 'POST /verify/form', 'GET /verify/tenant', 'GET /sign-in']),
  );
  await hasPosted('127.0.0.1', 120);
  const statusesOf = async (method: string, path: string) => {
    const real = path.replace(/:\w+/g, 'A'.repeat(22));
    if (method !== 'POST') return [(await visitor.get(real)).status];
    return Promise.all(tokens.map(async (_csrf) => (await visitor.postRaw(real, { _csrf })).status));
  };
  const passed: string[] = [];
  for (const { method, path } of entrances) {
    if (!(await statusesOf(method, path)).includes(429)) passed.push(`${method} ${path}`);
  }
  server.close();
  expect(passed).toEqual([]);
});

describe('all sign-ups together', () => {
  let next = 0;
  const signUp = async (app: App, fields: Record<string, string> = {}) =>
    (await opened(app))('/sign-up', from(`198.51.100.${next % 250}`), {
      email: `brake@organisation${next++}.com`,
      ...fields,
    });

  const countRequests = async () =>
    (
      await portal.deps.store.db
        .selectFrom('request')
        .select(sql<number>`count(*)::int`.as('count'))
        .executeTakeFirstOrThrow()
    ).count;

  test('have one allowance over all instances, and each that is accepted is there', async () => {
    const instances = [
      instance({}, { signUpsPerMinute: 40 }),
      instance({}, { signUpsPerMinute: 40 }),
    ] as const;
    const before = await countRequests();
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => signUp(instances[index % 2 === 0 ? 0 : 1])),
    );
    const accepted = answers.filter(({ status }) => status === 303);
    const refused = answers.filter(({ status }) => status === 429);
    // An instance may keep the rest of a slice that the other one could have used.
    expect(accepted.length).toBeLessThanOrEqual(40);
    expect(accepted.length).toBeGreaterThan(40 - 10);
    expect(accepted.length + refused.length).toBe(60);
    expect((await countRequests()) - before).toBe(accepted.length);
    const [one] = refused;
    expect(Number(one?.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(one?.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(textOf(one?.text ?? '')).toMatch(
      /A lot of people are signing up at the moment, so we couldn't take your form\. Try again in a minute, at .{5} UTC\./,
    );
    expect(one?.text).toContain('brake');
    // Each that refuses says so once; one of the two may have got all the slices that it wanted.
    const refusing = new Set(answers.flatMap(({ status }, index) => (status === 429 ? [index % 2] : [])));
    const said = portal.logged().filter(({ msg }) => String(msg).includes('turned away'));
    expect(said).toHaveLength(refusing.size);
  });

  test('are let in again when the minute is over', async () => {
    const config = { signUpsPerMinute: 1 };
    expect((await signUp(instance({}, config))).status).toBe(303);
    expect((await signUp(instance({}, config))).status).toBe(429);
    await sql`update rate_limit set expire = ${Date.now() - 1} where key like 'brake%'`.execute(
      portal.deps.store.db,
    );
    expect((await signUp(instance({}, config))).status).toBe(303);
  });

  test('with a fault do not count: what is not accepted costs nobody else their turn', async () => {
    const app = instance({}, { signUpsPerMinute: 1 });
    for (let count = 0; count < 5; count++) {
      expect((await signUp(app, { email: 'nobody' })).status).toBe(422);
    }
    expect((await signUp(app)).status).toBe(303);
    expect((await signUp(app)).status).toBe(429);
  });

  test('are counted in memory where the process has its store to itself', async () => {
    const app = instance({}, { signUpsPerMinute: 2, exclusive: true });
    const statuses = [await signUp(app), await signUp(app), await signUp(app)].map(({ status }) => status);
    expect(statuses).toEqual([303, 303, 429]);
  });

  test('of one domain have half of it, and leave the other half to others', async () => {
    const app = instance({}, { signUpsPerMinute: 40 });
    const flood = (count: number) => signUp(app, { email: `flood${count}@sales.fabrikam.com` });
    const flooding = await Promise.all(Array.from({ length: 30 }, (_, count) => flood(count)));
    expect(flooding.filter(({ status }) => status === 303)).toHaveLength(20);
    expect((await signUp(app, { email: 'flood@fabrikam.com' })).status).toBe(429);
    expect((await signUp(app)).status).toBe(303);
  });

  test('ask the store once in ten', async () => {
    const app = instance({}, { signUpsPerMinute: 600 });
    for (let count = 0; count < 11; count++) await signUp(app);
    const { rows } = await sql<{ points: number }>`
      select points from rate_limit where key = 'brake:sign-ups'`.execute(portal.deps.store.db);
    expect(rows).toEqual([{ points: 20 }]);
  });
});
