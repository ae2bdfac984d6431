import { createTargets } from '../../src/jobs/targets.js';
import { createLog } from '../../src/log.js';
import { pauseSecondsLeft } from '../../src/store/pauses.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());

const lines: string[] = [];
const targets = () =>
  createTargets({ db: store.db, log: createLog('warn', { write: (line) => lines.push(line) }), places: 4 });
const left = async (target: string) => Math.ceil(await pauseSecondsLeft(store.db, [target]));

test('a target that times out three times in a row rests for all instances, and longer each further time', async () => {
  const { timedOut } = targets();
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
  const { timedOut, answered } = targets();
  for (let round = 0; round < 5; round++) {
    await timedOut('group:crm');
    await timedOut('group:crm');
    answered('group:crm');
  }
  expect(await left('group:crm')).toBe(0);
});

test('targets are counted apart', async () => {
  const { timedOut } = targets();
  for (const target of ['mail', 'app:crm', 'mail', 'app:crm']) await timedOut(target);
  expect([await left('mail'), await left('app:crm')]).toEqual([0, 0]);
});

test('a target gets half of the places, and another one once a place is given back', () => {
  const { enter } = targets();
  const [first, second] = [enter('mail'), enter('mail')];
  expect([first, second].includes(null)).toBe(false);
  expect(enter('mail')).toBeNull();
  expect(enter('app:wiki')).not.toBeNull();
  first?.();
  expect(enter('mail')).not.toBeNull();
  expect(enter('mail')).toBeNull();
});

test('the directory, which every request needs, has no such limit and gets no rest', async () => {
  const { enter, timedOut } = targets();
  for (let count = 0; count < 10; count++) {
    expect(enter('graph')).not.toBeNull();
    await timedOut('graph');
  }
  expect(await left('graph')).toBe(0);
});
