import { randomBytes } from 'node:crypto';
import {
  armChallenge,
  insertChallenge,
  recordMailRequest,
  spendTry,
  useUpChallenge,
} from '../../src/store/challenges.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

let store: TestStore;
const browser = randomBytes(32);

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());

/** A challenge whose mail has gone out. */
async function mailed(seconds = 600) {
  const request = aRequest({ address: `p${randomBytes(4).toString('hex')}@wingtiptoys.com` });
  await insertARequest(store.db, request);
  await insertChallenge(store.db, request.id, browser, 5);
  const secrets = { sealedCode: randomBytes(8).toString('hex'), linkHash: randomBytes(32) };
  await armChallenge(store.db, request.id, { ...secrets, seconds, tries: 5 });
  return { id: request.id, ...secrets };
}

test('code and link of a mail are used up together, once', async () => {
  const { sealedCode, linkHash } = await mailed();
  expect(await useUpChallenge(store.db, { linkHash })).toBe(true);
  expect(await useUpChallenge(store.db, { linkHash })).toBe(false);
  expect(await useUpChallenge(store.db, { sealedCode })).toBe(false);
});

test('what has run out, or was replaced by a newer mail, cannot be used up', async () => {
  const old = await mailed(-1);
  expect(await useUpChallenge(store.db, { sealedCode: old.sealedCode })).toBe(false);
  const { id, sealedCode, linkHash } = await mailed();
  const newer = { sealedCode: 'newer', linkHash: randomBytes(32), seconds: 600, tries: 5 };
  await armChallenge(store.db, id, newer);
  expect(await useUpChallenge(store.db, { sealedCode })).toBe(false);
  expect(await useUpChallenge(store.db, { linkHash })).toBe(false);
});

test('asking for another mail gives no more tries at the code that is still there', async () => {
  const { id } = await mailed();
  for (let times = 0; times < 4; times++) await spendTry(store.db, id, browser);
  await recordMailRequest(store.db, id, 5);
  expect(await spendTry(store.db, id, browser)).toMatchObject({ triesLeft: 0 });
  expect(await spendTry(store.db, id, browser)).toBeUndefined();
});
