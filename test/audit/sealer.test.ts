import { startSealer } from '../../src/audit/sealer.js';
import { verifyAudit } from '../../src/audit/verify.js';
import { createLog } from '../../src/log.js';
import { insertAuditEvent } from '../../src/store/auditEvents.js';
import { findLastSeal } from '../../src/store/auditSeals.js';
import { emptyTrail } from '../support/auditTrail.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';
import { waitFor } from '../support/waitFor.js';

let store: TestStore;
let heads: { seq: number; hash: string }[];

const log = createLog('info', {
  write: (line) => heads.push(JSON.parse(line) as (typeof heads)[number]),
});
const anEvent = () => insertAuditEvent(store.db, { actor: 'portal', action: 'policy.loaded' });
const sealed = async (seq: number) => (await findLastSeal(store.db))?.seq === seq;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());
beforeEach(async () => {
  await emptyTrail(store.db);
  heads = [];
});

test('new events are sealed soon after their commit', async () => {
  const sealer = startSealer({ db: store.db, log }, 20);
  for (let seq = 1; seq <= 3; seq++) {
    await anEvent();
    await waitFor(`seal ${seq}`, () => sealed(seq));
  }
  await sealer.stop();
  expect((await verifyAudit(store.db)).findings).toEqual([]);
});

test('what was inserted last is sealed when it stops', async () => {
  const sealer = startSealer({ db: store.db, log }, 3_600_000);
  await anEvent();
  await anEvent();
  await sealer.stop();
  expect(await verifyAudit(store.db)).toMatchObject({ seals: 2, findings: [] });
});

test('the log keeps the head at the start and at the end, once each', async () => {
  await anEvent();
  const sealer = startSealer({ db: store.db, log }, 20);
  await waitFor('the first head', () => heads.length > 0);
  for (let seq = 2; seq <= 3; seq++) {
    await anEvent();
    await waitFor(`seal ${seq}`, () => sealed(seq));
  }
  await sealer.stop();
  const last = await findLastSeal(store.db);
  expect(heads.map(({ seq }) => seq)).toEqual([1, 3]);
  expect(heads.at(-1)?.hash).toBe(last?.hash.toString('hex'));

  await startSealer({ db: store.db, log: createLog('silent') }, 20).stop();
  expect(heads).toHaveLength(2);
});
