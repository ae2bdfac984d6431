import { firstDay, OUTCOMES, signUpFigures } from '../../../src/requests/list/signUpFigures.js';
import { TRANSITIONS } from '../../../src/requests/transitions.js';
import type { RequestState } from '../../../src/store/schema.js';

const TODAY = '2026-03-01';
const of = (day: string, partner: string | null, state: RequestState, count: number) => ({
  day,
  partner,
  state,
  count,
});
const counts = (overrides: object) => ({
  access: 0,
  underWay: 0,
  attention: 0,
  refused: 0,
  total: 0,
  ...overrides,
});

test.each([
  [TODAY, 1, '2026-03-01'],
  [TODAY, 30, '2026-01-31'],
  ['2024-03-01', 2, '2024-02-29'],
])('the days up to %s, %i of them, begin with %s', (today, days, first) => {
  expect(firstDay(today, days)).toBe(first);
});

test('every day is there, also when nobody came', () => {
  const { days, partners, total } = signUpFigures([], TODAY, 30);
  expect(days).toHaveLength(30);
  expect([days[0]?.day, days[29]?.day]).toEqual(['2026-01-31', TODAY]);
  expect({ partners, total }).toEqual({ partners: [], total: counts({}) });
});

test('numbers are those of the day, of the partner and of all', () => {
  const figures = signUpFigures(
    [
      of(TODAY, 'fabrikam', 'provisioned', 3),
      of(TODAY, 'fabrikam', 'revoked', 1),
      of(TODAY, null, 'denied', 2),
      of('2026-02-28', 'litware', 'held', 4),
      of('2026-02-28', 'litware', 'pending', 5),
    ],
    TODAY,
    3,
  );
  expect(figures).toEqual({
    days: [
      { day: '2026-02-27', counts: counts({}) },
      { day: '2026-02-28', counts: counts({ attention: 4, underWay: 5, total: 9 }) },
      { day: TODAY, counts: counts({ access: 4, refused: 2, total: 6 }) },
    ],
    partners: [
      { partner: 'litware', today: 0, counts: counts({ attention: 4, underWay: 5, total: 9 }) },
      { partner: 'fabrikam', today: 4, counts: counts({ access: 4, total: 4 }) },
      { partner: null, today: 2, counts: counts({ refused: 2, total: 2 }) },
    ],
    today: counts({ access: 4, refused: 2, total: 6 }),
    total: counts({ access: 4, underWay: 5, attention: 4, refused: 2, total: 15 }),
  });
});

test('what lies outside the days counts nowhere', () => {
  const { total, partners } = signUpFigures([of('2026-02-01', 'fabrikam', 'queued', 1)], TODAY, 3);
  expect([total.total, partners]).toEqual([0, []]);
});

test('every state has an outcome', () => {
  const states = Object.keys(TRANSITIONS) as RequestState[];
  const { total } = signUpFigures(
    states.map((state) => of(TODAY, null, state, 1)),
    TODAY,
    1,
  );
  expect(total.total).toBe(states.length);
  expect(OUTCOMES.reduce((sum, outcome) => sum + total[outcome], 0)).toBe(states.length);
});
