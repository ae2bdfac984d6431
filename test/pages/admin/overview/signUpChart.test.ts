import { ageOf } from '../../../../src/pages/admin/age.js';
import { hasChart, signUpChart } from '../../../../src/pages/admin/overview/signUpChart.js';
import { signUpFigures } from '../../../../src/requests/list/signUpFigures.js';
import type { SignUps } from '../../../../src/store/requestFigures.js';

const TODAY = '2026-03-01';
const chartOf = (...signUps: Omit<SignUps, 'partner'>[]) =>
  signUpChart(
    signUpFigures(
      signUps.map((one) => ({ ...one, partner: null })),
      TODAY,
      30,
    ).days,
  );

test('outcomes stand one upon the other, from the ground up, as high as their numbers', () => {
  const { columns, ticks } = chartOf(
    { day: TODAY, state: 'provisioned', count: 6 },
    { day: TODAY, state: 'denied', count: 2 },
  );
  const today = columns.at(-1);
  const [access, refused] = today?.parts ?? [];
  const ground = ticks[0]?.y ?? NaN;
  expect(today?.parts.map(({ outcome, count }) => [outcome, count])).toEqual([
    ['access', 6],
    ['refused', 2],
  ]);
  expect((access?.y ?? 0) + (access?.height ?? 0)).toBeCloseTo(ground, 1);
  expect((refused?.y ?? 0) + (refused?.height ?? 0)).toBeCloseTo(access?.y ?? NaN, 1);
  expect((access?.height ?? 0) / (refused?.height ?? 0)).toBeCloseTo(3, 1);
  expect(columns.slice(0, -1).every(({ parts }) => parts.length === 0)).toBe(true);
});

test('there is a chart from three days with sign-ups on', () => {
  const days = (count: number) =>
    signUpFigures(
      Array.from({ length: count }, (_, index) => ({
        day: `2026-02-1${index}`,
        partner: null,
        state: 'queued' as const,
        count: 4,
      })),
      TODAY,
      30,
    ).days;
  expect([0, 2, 3].map((count) => hasChart(days(count)))).toEqual([false, false, true]);
});

test('columns stand side by side within the drawing, and the last day has a label', () => {
  const { columns, width: whole } = chartOf();
  expect(columns).toHaveLength(30);
  for (const [index, { x, width }] of columns.entries()) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x + width).toBeLessThanOrEqual(whole);
    if (index > 0) expect(x).toBeGreaterThan((columns[index - 1]?.x ?? 0) + width);
  }
  expect(columns.filter(({ labelled }) => labelled)).toHaveLength(6);
  expect(columns.at(-1)?.labelled).toBe(true);
});

test.each([
  [0, [0, 1]],
  [1, [0, 1]],
  [5, [0, 1, 2, 3, 4, 5]],
  [6, [0, 2, 4, 6]],
  [11, [0, 5, 10, 15]],
  [99, [0, 20, 40, 60, 80, 100]],
  [1234, [0, 500, 1000, 1500]],
])('with %i at most, the axis counts %j', (count, values) => {
  const { ticks, columns } = chartOf({ day: TODAY, state: 'queued', count });
  expect(ticks.map(({ value }) => value)).toEqual(values);
  const highest = ticks.at(-1)?.y ?? NaN;
  for (const part of columns.at(-1)?.parts ?? []) expect(part.y).toBeGreaterThanOrEqual(highest);
});

test.each([
  [0, 'en', '1 minute'],
  [59, 'en', '1 minute'],
  [150, 'en', '2 minutes'],
  [3600, 'sv', '1 timme'],
  [86_399, 'en', '23 hours'],
  [86_400 * 3, 'de', '3 Tage'],
  [-5, 'en', '1 minute'],
])('%i seconds are, in %s, %s', (seconds, language, words) => {
  const now = new Date('2026-03-01T12:00:00Z');
  expect(ageOf(new Date(now.getTime() - seconds * 1000), language, now)).toBe(words);
});
