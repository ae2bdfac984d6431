import { mayBecome, TRANSITIONS } from '../../src/requests/transitions.js';
import type { RequestState } from '../../src/store/schema.js';

const states = Object.keys(TRANSITIONS) as RequestState[];

const allowed: [RequestState, RequestState][] = [
  ['unproven', 'queued'],
  ['unproven', 'pending'],
  ['unproven', 'denied'],
  ['unproven', 'lapsed'],
  ['pending', 'queued'],
  ['pending', 'held'],
  ['pending', 'denied'],
  ['pending', 'lapsed'],
  ['queued', 'provisioned'],
  ['queued', 'pending'],
  ['queued', 'denied'],
  ['queued', 'failed'],
  ['queued', 'held'],
  // Its person has asked to be forgotten.
  ['queued', 'lapsed'],
  ['provisioned', 'revoked'],
  // The guest is gone.
  ['provisioned', 'held'],
  ['failed', 'queued'],
  ['failed', 'denied'],
  ['failed', 'lapsed'],
  ['failed', 'revoked'],
  ['held', 'queued'],
  ['held', 'denied'],
  ['held', 'lapsed'],
  ['held', 'revoked'],
];

test.each(allowed)('%s may become %s', (from, to) => {
  expect(mayBecome(from, to)).toBe(true);
});

test('nothing else may follow', () => {
  const others = states.flatMap((from) =>
    states
      .filter((to) => from !== to && !allowed.some(([one, other]) => one === from && other === to))
      .map((to) => [from, to] as const),
  );
  expect(others.filter(([from, to]) => mayBecome(from, to))).toEqual([]);
});

test.each(['denied', 'lapsed', 'revoked'] as const)('%s is final', (state) => {
  expect(TRANSITIONS[state]).toEqual([]);
});
