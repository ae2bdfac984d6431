import { sql } from 'kysely';
import { deleteSpentLimits, openRateLimit } from '../../src/store/rateLimit.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';
import { waitFor } from '../support/waitFor.js';

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());
beforeEach(() => sql`delete from rate_limit`.execute(store.db));

const TEN_MINUTES = { name: 'test', most: 3, seconds: 600 };

async function rows(): Promise<{ key: string; points: number; seconds: number }[]> {
  const { rows: found } = await sql<{ key: string; points: number; seconds: number }>`
    select key, points, round(expire / 1000.0 - extract(epoch from now()))::int as seconds
    from rate_limit order by key`.execute(store.db);
  return found;
}

/** Writes a row as an instance does whose clock differs from the database's by so many seconds. */
const written = (key: string, points: number, seconds: number) =>
  sql`insert into rate_limit (key, points, expire)
    values (${key}, ${points}, ((extract(epoch from now()) + ${seconds}::int) * 1000)::bigint)`.execute(
    store.db,
  );

describe.each([
  { where: 'in the store', exclusive: false },
  { where: 'in memory', exclusive: true },
])('counted $where', ({ exclusive }) => {
  const open = (limit = TEN_MINUTES) => openRateLimit({ db: store.db, exclusive }, limit);

  test('a key has its allowance, and no other key loses by it', async () => {
    const limit = open();
    const taken = [];
    for (let count = 0; count < 5; count++) taken.push((await limit.take('ana')).taken);
    expect(taken).toEqual([true, true, true, false, false]);
    expect((await limit.take('bo')).taken).toBe(true);
  });

  test('several points are taken at once; what does not fit is refused', async () => {
    const limit = open();
    expect([(await limit.take('ana', 2)).taken, (await limit.take('ana', 2)).taken]).toEqual([true, false]);
  });

  test('the period begins with the first and is told', async () => {
    const limit = open();
    const first = await limit.take('ana');
    expect(first.msLeft).toBeGreaterThan(590_000);
    expect(first.msLeft).toBeLessThanOrEqual(600_000);
    await limit.take('ana', 5);
    const refused = await limit.take('ana');
    expect(refused.taken).toBe(false);
    expect(refused.msLeft).toBeGreaterThan(590_000);
    expect(refused.msLeft).toBeLessThanOrEqual(first.msLeft);
  });

  test('when it is over, the key begins anew', async () => {
    const limit = open({ name: 'test', most: 1, seconds: 1 });
    expect([(await limit.take('ana')).taken, (await limit.take('ana')).taken]).toEqual([true, false]);
    await waitFor('the period to be over', async () => (await limit.take('ana')).taken, 5_000);
  });
});

describe('instances that share a store', () => {
  const instance = () => openRateLimit({ db: store.db, exclusive: false }, TEN_MINUTES);

  test('have one allowance, however close together they ask', async () => {
    const instances = [instance(), instance(), instance()];
    const asked = [...instances, ...instances, ...instances].map((limit) => limit.take('ana'));
    const answers = await Promise.all(asked);
    expect(answers.filter(({ taken }) => taken)).toHaveLength(3);
  });

  test('count refused ones no higher than that takes, so that no flood of them overflows', async () => {
    const limit = instance();
    for (let count = 0; count < 20; count++) await limit.take('ana', 1_000_000_000);
    await instance().take('ana', 2_000_000_000);
    expect(await rows()).toMatchObject([{ key: 'test:ana', points: 4 }]);
  });

  test.each([
    ['hours ahead', 3 * 3600],
    ['a little behind', 300],
  ])('hold nobody for longer than a period after one with a clock %s', async (_, seconds) => {
    await written('test:ana', 3, seconds);
    const { taken, msLeft } = await instance().take('ana');
    expect(taken).toBe(false);
    expect(msLeft).toBeGreaterThan(290_000);
    expect(msLeft).toBeLessThanOrEqual(600_000);
    expect((await rows())[0]?.seconds).toBeLessThanOrEqual(600);
  });

  test('take no row for a limit whose time was over before it was written', async () => {
    await written('test:ana', 3, -1);
    expect((await instance().take('ana')).taken).toBe(true);
    expect(await rows()).toMatchObject([{ points: 1, seconds: 600 }]);
  });
});

test('a key that is used up costs an instance no further writes', async () => {
  const limit = openRateLimit({ db: store.db, exclusive: false }, TEN_MINUTES);
  await limit.take('ana', 4);
  await sql`delete from rate_limit`.execute(store.db);
  expect((await limit.take('ana')).taken).toBe(false);
  expect(await rows()).toEqual([]);
});

test('rows that limit nothing any more are removed, others stay', async () => {
  await written('test:old', 3, -1);
  await written('test:new', 3, 60);
  await deleteSpentLimits(store.db);
  expect(await rows()).toMatchObject([{ key: 'test:new' }]);
});
