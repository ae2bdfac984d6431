import { createRests } from '../../src/jobs/rests.js';
import { createLog } from '../../src/log.js';
import { pauseSecondsLeft } from '../../src/store/pauses.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());

const lines: string[] = [];
const rests = () =>
  createRests({ db: store.db, log: createLog('warn', { write: (line) => lines.push(line) }) });
const left = async (target: string) => Math.ceil(await pauseSecondsLeft(store.db, [target]));

test('a target that times out three times in a row rests for all instances, and longer each further time', async () => {
  const { timedOut } = rests();
  await timedOut('app:wiki');
  await timedOut('app:wiki');
  expect(await left('app:wiki')).toBe(0);
  await timedOut('app:wiki');
  expect(await left('app:wiki')).toBe(30);
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { level: 'warn', target: 'app:wiki', timeouts: 3, seconds: 30 },
  ]);
  for (const seconds of [60, 120, 240, 300, 300]) {
    await timedOut('app:wiki');
    expect(await left('app:wiki')).toBe(seconds);
  }
});

test('an answer in between begins the count again', async () => {
  const { timedOut, answered } = rests();
  for (let round = 0; round < 5; round++) {
    await timedOut('group:crm');
    await timedOut('group:crm');
    answered('group:crm');
  }
  expect(await left('group:crm')).toBe(0);
});

test('targets are counted apart', async () => {
  const { timedOut } = rests();
  for (const target of ['mail', 'app:crm', 'mail', 'app:crm']) await timedOut(target);
  expect([await left('mail'), await left('app:crm')]).toEqual([0, 0]);
});
