import { sql } from 'kysely';
import { LIMITS as PORTAL_LIMITS } from '../../src/limits.js';
import { deleteIdleMailboxes, noteMailed, reserveMail, type MailLimits } from '../../src/store/mailboxes.js';
import { mailAllowedAt } from '../support/mailAllowedAt.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

const ANA = 'ana@fabrikam.com';
const LIMITS: MailLimits = { mailWindowSeconds: 300, longestMailWindowSeconds: 1000 };
const DAY = 24 * 3600;

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());
beforeEach(() => store.db.deleteFrom('mailbox').execute());

/** In how many seconds the mail may go that is reserved now. */
async function reserved(address = ANA, limits: MailLimits = LIMITS): Promise<number> {
  const at = await store.db.transaction().execute((trx) => reserveMail(trx, address, limits));
  return secondsUntil(at);
}

const allowed = async (address = ANA) => secondsUntil(await mailAllowedAt(store.db, address, LIMITS));

/** In tens: a slow machine is no fault. */
const secondsUntil = (at: Date) => Math.max(0, Math.round((at.getTime() - Date.now()) / 10_000) * 10);

/** Lets time pass for what is recorded. */
async function pass(seconds: number): Promise<void> {
  const by = sql`${seconds}::float8 * interval '1 second'`;
  await sql`update mailbox set mailed_at = mailed_at - ${by}, day_began_at = day_began_at - ${by}`.execute(
    store.db,
  );
}

test('the first mail to a mailbox goes at once, the next when the window is over', async () => {
  expect([await reserved(), await reserved()]).toEqual([0, 300]);
  expect(await reserved('bo@fabrikam.com')).toBe(0);
});

test('a mailbox is free again as time passes', async () => {
  await reserved();
  await pass(100);
  expect(await allowed()).toBe(200);
  await pass(200);
  expect(await allowed()).toBe(0);
});

test('each further mail of a day waits twice as long as the one before, up to the longest wait', async () => {
  const moments = [];
  for (let mail = 0; mail < 6; mail++) moments.push(await reserved());
  expect(moments).toEqual([0, 300, 900, 1900, 2900, 3900]);
});

test('a day after its first mail a mailbox begins anew', async () => {
  for (let mail = 0; mail < 4; mail++) await reserved();
  await pass(DAY);
  expect([await reserved(), await reserved(), await reserved()]).toEqual([0, 300, 900]);
});

test('with the limits of the portal a flood brings twelve mails a day, and keeps the owner waiting for four hours at most', async () => {
  const waits = [];
  let now = 0;
  while (now < DAY) {
    const wait = await reserved(ANA, PORTAL_LIMITS);
    waits.push(wait);
    now += wait;
    await pass(wait);
  }
  expect(waits.length).toBeLessThanOrEqual(12);
  expect(Math.max(...waits)).toBe(4 * 3600);
});

test('a reservation that is rolled back was none', async () => {
  const undone = store.db.transaction().execute(async (trx) => {
    await reserveMail(trx, ANA, LIMITS);
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  expect(await reserved()).toBe(0);
});

test('of many reservations at once each has its own moment', async () => {
  const limits = { mailWindowSeconds: 300, longestMailWindowSeconds: 300 };
  const moments = await Promise.all(Array.from({ length: 20 }, () => reserved(ANA, limits)));
  expect(moments.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, turn) => turn * 300));
});

test('a mail that went out late keeps the next one away from itself', async () => {
  await reserved();
  await pass(3000);
  expect(await allowed()).toBe(0);
  await noteMailed(store.db, ANA);
  expect(await allowed()).toBe(300);
});

test('a mail that went out does not bring a reserved one forward', async () => {
  await reserved();
  await reserved();
  await noteMailed(store.db, ANA);
  expect(await allowed()).toBe(900);
});

test('mailboxes are kept by a hash alone, and removed when they limit nothing any more', async () => {
  await reserved();
  const [row] = await store.db.selectFrom('mailbox').selectAll().execute();
  expect(Buffer.from(row?.address_hash ?? '')).toHaveLength(32);
  const count = async () => (await store.db.selectFrom('mailbox').selectAll().execute()).length;
  await pass(DAY - 60);
  await deleteIdleMailboxes(store.db);
  expect(await count()).toBe(1);
  await pass(120);
  await deleteIdleMailboxes(store.db);
  expect(await count()).toBe(0);
});
