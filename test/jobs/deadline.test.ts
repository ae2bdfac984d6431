import { once } from 'node:events';
import { startDeadline } from '../../src/jobs/deadline.js';

test('the work is told when its time is up', async () => {
  const deadline = startDeadline(0.01, []);
  await once(deadline.signal, 'abort');
  expect(deadline.passed()).toBe(true);
  expect(deadline.signal.reason).toMatchObject({ name: 'TimeoutError' });
});

test('it ends with another signal, which is no time-out', () => {
  const other = new AbortController();
  const deadline = startDeadline(60, [other.signal]);
  other.abort();
  expect([deadline.signal.aborted, deadline.passed()]).toEqual([true, false]);
  deadline.clear();
});

test('it ends at once when another signal has ended before', () => {
  const deadline = startDeadline(60, [AbortSignal.abort()]);
  expect(deadline.signal.aborted).toBe(true);
  deadline.clear();
});

test('work that is over is not told anything any more', () => {
  const other = new AbortController();
  const deadline = startDeadline(60, [other.signal]);
  deadline.clear();
  other.abort();
  expect(deadline.signal.aborted).toBe(false);
});
