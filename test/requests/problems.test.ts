import { isForOwner, PROBLEMS } from '../../src/requests/problems.js';
import { mayBecome } from '../../src/requests/transitions.js';
import { OPEN_STATES, type RequestState } from '../../src/store/schema.js';
import type { ProblemCode } from '../../src/store/problemCodes.js';

const rows = Object.entries(PROBLEMS) as [ProblemCode, (typeof PROBLEMS)[ProblemCode]][];
const STOPPED: readonly RequestState[] = ['denied', 'held', 'failed'];

test.each(rows)('%s leaves nobody without an answer', (_, { state, others, mailed, staff }) => {
  // Who is told that an answer went by mail has one: the reason, or the invitation itself.
  if (STOPPED.includes(state)) expect(others === 'answered').toBe(mailed);
  // What waits for somebody has somebody who can act.
  if (state === 'held' || state === 'failed') expect(staff).not.toMatch(/nothing|wait/);
  // What is over leaves nothing to do.
  if (!OPEN_STATES.includes(state)) expect(staff).toBe('nothing');
  // What is tried again by itself never shows as refused.
  if (state === 'queued') expect(others).toMatch(/queued|answered|delayed/);
});

test.each(rows.filter(([, { state }]) => STOPPED.includes(state) && state !== 'denied'))(
  '%s can be put back to work or be denied',
  (_, { state }) => {
    expect([mayBecome(state, 'queued'), mayBecome(state, 'denied')]).toEqual([true, true]);
  },
);

test('only a stopped request is for the owner alone', () => {
  expect(isForOwner({ state: 'held', problem: { code: 'guestBlocked' } })).toBe(true);
  expect(isForOwner({ state: 'queued', problem: { code: 'guestBlocked' } })).toBe(false);
  expect(isForOwner({ state: 'held', problem: { code: 'groupUnusable' } })).toBe(false);
  expect(isForOwner({ state: 'denied', problem: null })).toBe(false);
});
