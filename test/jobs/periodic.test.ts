import { setTimeout as sleep } from 'node:timers/promises';
import { createBell } from '../../src/jobs/bell.js';
import { startPeriodic } from '../../src/jobs/periodic.js';
import { createLog } from '../../src/log.js';
import { waitFor } from '../support/waitFor.js';

function aLog() {
  const lines: { level: string; msg: string; work: string }[] = [];
  const log = createLog('debug', { write: (line) => lines.push(JSON.parse(line) as (typeof lines)[number]) });
  return { log, said: () => lines.map(({ level, msg }) => `${level}: ${msg}`) };
}

const storeDown = () => Object.assign(new Error('no connection'), { code: 'ECONNREFUSED' });

test('work runs at once, again and again, and never beside itself', async () => {
  const { log } = aLog();
  let runs = 0;
  let beside = 0;
  let most = 0;
  const periodic = startPeriodic({ name: 'count', everyMs: 1, log }, async () => {
    most = Math.max(most, ++beside);
    await new Promise((resolve) => setTimeout(resolve, 5));
    beside--;
    runs++;
  });
  expect(beside).toBe(1);
  await waitFor('five runs', () => runs >= 5);
  await periodic.stop();
  expect(most).toBe(1);
});

test('after a stop nothing runs, and what was in hand has ended', async () => {
  const { log } = aLog();
  let begun = 0;
  let ended = 0;
  let stopping: AbortSignal | undefined;
  const periodic = startPeriodic({ name: 'count', everyMs: 1, log }, async ({ requested }) => {
    begun++;
    stopping = requested;
    await new Promise<void>((resolve) => {
      requested.addEventListener('abort', () => {
        setTimeout(resolve, 10);
      });
    });
    ended++;
  });
  await periodic.stop();
  expect([begun, ended, stopping?.aborted]).toEqual([1, 1, true]);
});

test('a long pause does not hold a stop up', async () => {
  const { log } = aLog();
  let runs = 0;
  const periodic = startPeriodic({ name: 'rare', everyMs: 3_600_000, log }, () => {
    runs++;
    return Promise.resolve();
  });
  await waitFor('the first run', () => runs === 1);
  await periodic.stop();
});

test('a bell brings the next run forward, also one that rings during a run', async () => {
  const { log } = aLog();
  const bell = createBell();
  let runs = 0;
  const periodic = startPeriodic({ name: 'rare', everyMs: 3_600_000, log, bell }, () => {
    if (++runs === 1) bell.announce();
    return Promise.resolve();
  });
  await waitFor('the run after the first', () => runs === 2);
  bell.announce();
  await waitFor('the third run', () => runs === 3);
  await periodic.stop();
  expect(runs).toBe(3);
});

test('a store that is down is said once, and the work goes on until it is back', async () => {
  const { log, said } = aLog();
  let runs = 0;
  const periodic = startPeriodic({ name: 'count', everyMs: 1, log }, () =>
    ++runs <= 3 ? Promise.reject(storeDown()) : Promise.resolve(),
  );
  await waitFor('runs that succeed', () => runs > 4);
  await periodic.stop();
  expect(said()).toEqual(['warn: periodic work failed', 'info: periodic work succeeds again']);
});

test('any other failure is for somebody to look at', async () => {
  const { log, said } = aLog();
  let runs = 0;
  const periodic = startPeriodic({ name: 'count', everyMs: 1, log }, () => {
    runs++;
    return Promise.reject(new Error('a fault of ours'));
  });
  await waitFor('some runs', () => runs > 3);
  await periodic.stop();
  expect(said()).toEqual(['error: periodic work failed']);
});

test('runs that may go on abreast do, and each of them is waited for', async () => {
  const { log } = aLog();
  const bell = createBell();
  const ends: (() => void)[] = [];
  const periodic = startPeriodic({ name: 'shared', everyMs: 3_600_000, log, bell, abreast: 2 }, () => {
    return new Promise((resolve) => ends.push(resolve));
  });
  await waitFor('two runs', () => ends.length === 2);
  ends[0]?.();
  await sleep(10);
  bell.announce();
  await waitFor('a run beside one that hangs', () => ends.length === 3);
  let stopped = false;
  const stopping = periodic.stop().then(() => (stopped = true));
  ends[2]?.();
  await sleep(10);
  expect(stopped).toBe(false);
  ends[1]?.();
  await stopping;
  expect(ends).toHaveLength(3);
});
