import { exceeds, forecast, type Added, type Standing } from '../../src/licences/forecast.js';
import { warningsOf } from '../../src/licences/warn.js';
import type { People } from '../../src/licences/rule.js';

// The bill before the click.

const standing = (people: People, more: Partial<Standing> = {}): Standing => ({
  people,
  owned: { p1: 10 },
  active: 0,
  governs: true,
  ...more,
});
const guest = (tier: Added['tier'], count = 1): Added => ({ kind: 'guest', tier, count, isGuest: true });

test('guest 51 with P1 is one licence more, which is missing', () => {
  expect(forecast(standing({ guest: { p1: 50 } }), [guest('p1')])).toEqual([
    { code: 'licences', tier: 'p1', people: 51, more: 1, missing: 1 },
  ]);
});

test('guest 50 costs nothing', () => {
  expect(forecast(standing({ guest: { p1: 49 } }), [guest('p1')])).toEqual([]);
});

test('of unknown licences nothing is said to be missing', () => {
  const unknown = standing({ guest: { p1: 50 } }, { owned: null });
  expect(forecast(unknown, [guest('p1')])).toEqual([
    { code: 'licences', tier: 'p1', people: 51, more: 1, missing: null },
  ]);
  expect(exceeds(unknown, [guest('p1')])).toBe(false);
});

test('guest 50,001 of a month costs; of a month that was not read nothing is said', () => {
  expect(forecast(standing({}, { active: 50_000 }), [guest('free')])).toEqual([
    { code: 'active', people: 50_001, free: 50_000 },
  ]);
  expect(forecast(standing({}, { active: 49_999 }), [guest('free')])).toEqual([]);
  expect(forecast(standing({}, { active: null }), [guest('free')])).toEqual([]);
  expect(forecast(standing({}, { active: 50_000 }), [{ ...guest('free'), isGuest: false }])).toEqual([]);
});

test('the first guest with a governance tier starts its billing', () => {
  const codes = (governs: boolean | null) =>
    forecast(standing({}, { governs }), [guest('governance', 2)]).map(({ code }) => code);
  expect(codes(false)).toContain('governance');
  expect(codes(null)).toContain('governance');
  const known = standing({ guest: { governance: 1 } }, { governs: null });
  expect(forecast(known, [guest('governance')]).map(({ code }) => code)).not.toContain('governance');
  expect(codes(true)).not.toContain('governance');
});

test('a guest who gets a higher tier leaves the lower one', () => {
  const people = { guest: { basic: 6, p1: 50 } };
  const raised = [guest('basic', -1), guest('p1')].map((one) => ({ ...one, isGuest: false }));
  expect(forecast(standing(people, { owned: { basic: 2, p1: 10 } }), raised)).toEqual([
    { code: 'licences', tier: 'p1', people: 51, more: 1, missing: 1 },
  ]);
});

test('who would be without a licence exceeds them, also where one is missing already', () => {
  const short = standing({ guest: { p1: 51 } });
  expect(exceeds(short, [guest('free')])).toBe(false);
  expect(exceeds(short, [guest('p1')])).toBe(true);
  expect(forecast(short, [guest('p1')])).toEqual([
    { code: 'licences', tier: 'p1', people: 52, more: 0, missing: 1 },
  ]);
  expect(exceeds(standing({ guest: { p1: 50 } }), [guest('p1')])).toBe(true);
  expect(exceeds(standing({ guest: { p1: 49 } }), [guest('p1')])).toBe(false);
  // Who has it already is none more.
  const again = [guest('p1', -1), guest('p1')];
  expect(exceeds(short, again)).toBe(false);
  expect(forecast(short, again)).toEqual([]);
  // Somebody of a higher tier takes a place that people of a lower one had.
  expect(exceeds(standing({ guest: { p1: 50, basic: 5 } }, { owned: { p1: 11 } }), [guest('p1')])).toBe(true);
});

test('only people without a licence exceed them: not those licensed at home, nor a guest who finds a place while staff lack some', () => {
  const full = standing({ guest: { p1: 50 } });
  expect(exceeds(full, [{ ...guest('p1'), kind: 'homeLicensed' }])).toBe(false);
  const staffLack = standing({ employee: { p1: 15 } });
  expect(exceeds(staffLack, [guest('p1')])).toBe(false);
  expect(exceeds(staffLack, [{ ...guest('p1'), kind: 'employee' }])).toBe(true);
  expect(exceeds(standing({}, { owned: {} }), [guest('p1')])).toBe(true);
});

test('members start no governance billing', () => {
  const member: Added = { kind: 'affiliateMember', tier: 'governance', count: 1, isGuest: false };
  const codes = forecast(standing({}, { governs: false }), [member]).map(({ code }) => code);
  expect(codes).toEqual(['licences']);
});

test('a warning begins with a tenth left, stays until a fifth is, and is another one once something is missing', () => {
  const people = (p1: number) => ({ guest: { p1 } });
  expect(warningsOf(people(45), { p1: 10 })).toEqual({});
  expect(warningsOf(people(46), { p1: 10 })).toEqual({ p1: 'near' });
  expect(warningsOf(people(43), { p1: 10 }, { p1: 'near' })).toEqual({ p1: 'near' });
  expect(warningsOf(people(41), { p1: 10 }, { p1: 'near' })).toEqual({});
  expect(warningsOf(people(51), { p1: 10 })).toEqual({ p1: 'missing' });
  expect(warningsOf({}, { p1: 10 })).toEqual({});
  // A tenth of 50 is 5, whatever binary fractions say.
  expect(warningsOf(people(50), { p1: 11 })).toEqual({});
  // Without any licence everybody has the rights of Free.
  expect(warningsOf(people(50), { p1: 0 })).toEqual({});
  // Free places of a higher tier count.
  expect(warningsOf(people(5), { p2: 10 })).toEqual({});
});
