import { setTimeout as sleep } from 'node:timers/promises';
import { concurrently } from '../src/concurrently.js';

test('does everything once, and never more at a time than it may', async () => {
  const done: number[] = [];
  let busy = 0;
  let most = 0;
  await concurrently([3, 1, 4, 1, 5, 9, 2, 6], 3, async (item) => {
    most = Math.max(most, ++busy);
    await sleep(item);
    done.push(item);
    busy--;
  });
  expect(done.sort()).toEqual([1, 1, 2, 3, 4, 5, 6, 9]);
  expect(most).toBe(3);
});

test('after a failure begins no more, and tells of it when what was under way has ended', async () => {
  const done: string[] = [];
  const work = concurrently(['fails', 'slow', 'never'], 2, async (item) => {
    if (item === 'fails') throw new Error('first');
    await sleep(20);
    done.push(item);
  });
  await expect(work).rejects.toThrow('first');
  expect(done).toEqual(['slow']);
});
