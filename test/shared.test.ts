import { sharedCall, sharedRead } from '../src/shared.js';
import { waitFor } from './support/waitFor.js';

test('callers during a call share it, and the next one calls again, after a failure too', async () => {
  let calls = 0;
  const call = sharedCall(() => (++calls === 2 ? Promise.reject(new Error('down')) : Promise.resolve(calls)));
  expect(await Promise.all([call(), call()])).toEqual([1, 1]);
  await expect(Promise.all([call(), call()])).rejects.toThrow('down');
  expect(await call()).toBe(3);
});

test('who asks while an answer counts, or is on its way, gets that one', async () => {
  let reads = 0;
  const read = sharedRead(() => Promise.resolve(++reads), { forMs: 60_000, withinMs: 1_000 });
  expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1]);
  expect(await read()).toBe(1);
});

test('an answer that has become old is asked for anew', async () => {
  let reads = 0;
  const read = sharedRead(() => Promise.resolve(++reads), { forMs: 20, withinMs: 1_000 });
  expect(await read()).toBe(1);
  await waitFor('a second look', async () => (await read()) === 2);
});

test('a refusal is shared as well, and is not the last word', async () => {
  let reads = 0;
  const read = sharedRead(
    () => (++reads === 1 ? Promise.reject(new Error('down')) : Promise.resolve(reads)),
    { forMs: 20, withinMs: 1_000 },
  );
  const both = await Promise.allSettled([read(), read()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await waitFor('an answer', () => read().catch(() => null))).toBe(2);
});

test('what does not answer is not waited for, and asked again only after that', async () => {
  let reads = 0;
  const read = sharedRead(
    () => {
      reads++;
      return new Promise(() => undefined);
    },
    { forMs: 60_000, withinMs: 50 },
  );
  await expect(Promise.all([read(), read()])).rejects.toThrow('No answer within 50 ms');
  await expect(read()).rejects.toThrow('No answer');
  expect(reads).toBe(1);
});
