import { createExpiringMap } from '../../src/store/expiringMap.js';
import { waitFor } from '../support/waitFor.js';

test('an entry is there for its time and gone after it', async () => {
  const map = createExpiringMap<string>();
  map.set('short', 'a', 50);
  map.set('long', 'b', 60_000);
  expect(map.get('short')).toMatchObject({ value: 'a' });
  await waitFor('the short one to end', () => map.get('short') === undefined, 2_000);
  expect(map.get('long')?.msLeft).toBeLessThan(60_000);
});

test('a flood of short-lived entries does not pile up, and takes no lasting one with it', () => {
  const map = createExpiringMap<number>();
  map.set('lasting', 1, 60_000);
  for (let count = 0; count < 50_000; count++) map.set(`client ${count}`, count, 0);
  expect(map.size()).toBeLessThanOrEqual(1_001);
  expect(map.get('lasting')?.value).toBe(1);
});
