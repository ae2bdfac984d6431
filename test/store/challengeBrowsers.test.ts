import { randomBytes } from 'node:crypto';
import {
  admitBrowser,
  findBrowser,
  recordBrowserMailRequest,
  spendBrowserTry,
} from '../../src/store/challengeBrowsers.js';
import { insertChallenge } from '../../src/store/challenges.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());

/** A challenge, and a browser that is known there. */
async function known(): Promise<{ id: string; browser: Buffer }> {
  const request = aRequest({ address: `p${randomBytes(4).toString('hex')}@wingtiptoys.com` });
  const browser = randomBytes(32);
  await insertARequest(store.db, request);
  await insertChallenge(store.db, request.id, randomBytes(32), 5);
  await admitBrowser(store.db, request.id, browser, 5);
  return { id: request.id, browser };
}

test('a browser has its tries and no more, also when it comes again', async () => {
  const { id, browser } = await known();
  for (let left = 4; left >= 0; left--) {
    expect(await spendBrowserTry(store.db, id, browser)).toEqual({ triesLeft: left, askedSecondsAgo: null });
    await admitBrowser(store.db, id, browser, 5);
  }
  expect(await spendBrowserTry(store.db, id, browser)).toBeUndefined();
});

test('what one browser does leaves the others, and other requests, as they are', async () => {
  const [{ id, browser }, elsewhere] = [await known(), await known()];
  const other = randomBytes(32);
  await admitBrowser(store.db, id, other, 5);
  await admitBrowser(store.db, elsewhere.id, browser, 5);
  await spendBrowserTry(store.db, id, browser);
  await recordBrowserMailRequest(store.db, id, browser, { tries: 3, windowSeconds: 300 });
  const untouched = { triesLeft: 5, askedSecondsAgo: null };
  expect(await findBrowser(store.db, id, other)).toEqual(untouched);
  expect(await findBrowser(store.db, elsewhere.id, browser)).toEqual(untouched);
});

test('a browser that asks gets its tries back, once in a window', async () => {
  const { id, browser } = await known();
  const ask = (windowSeconds: number) =>
    recordBrowserMailRequest(store.db, id, browser, { tries: 5, windowSeconds });
  await spendBrowserTry(store.db, id, browser);
  expect(await ask(300)).toBe(true);
  expect(await findBrowser(store.db, id, browser)).toMatchObject({ triesLeft: 5 });
  await spendBrowserTry(store.db, id, browser);
  expect(await ask(300)).toBe(false);
  expect(await findBrowser(store.db, id, browser)).toMatchObject({ triesLeft: 4 });
  expect(await ask(0)).toBe(true);
});

test('of each request only the latest twenty are remembered', async () => {
  const [{ id, browser }, elsewhere] = [await known(), await known()];
  const later = Array.from({ length: 20 }, () => randomBytes(32));
  for (const one of later.slice(0, 19)) await admitBrowser(store.db, id, one, 5);
  expect(await findBrowser(store.db, id, browser)).toBeDefined();
  for (const one of later) await admitBrowser(store.db, id, one, 5);
  expect(await findBrowser(store.db, id, browser)).toBeUndefined();
  for (const one of later) expect(await findBrowser(store.db, id, one)).toBeDefined();
  expect(await findBrowser(store.db, elsewhere.id, elsewhere.browser)).toBeDefined();
});
