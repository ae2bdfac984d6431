import { TIERS, type Tier } from '../../src/policy/licensing.js';
import { highestTier } from '../../src/policy/tiers.js';
import { activeBill, governanceBill } from '../../src/licences/monthly.js';
import {
  fiveToOne,
  KINDS,
  kindOf,
  PAID_TIERS,
  RULES,
  type Need,
  type People,
} from '../../src/licences/rule.js';
import { answer, type Question } from '../../src/licences/trial.js';

// What guests cost, by the rules of Microsoft's licensing pages.

const tiersOf = (question: Question) => {
  const answered = answer(question);
  if (!answered.ok) throw new Error(`${answered.fault.field}: ${answered.fault.code}`);
  if (!('tiers' in answered.answer)) throw new Error('No tiers');
  return answered.answer.tiers;
};

describe('the examples of the licensing pages', () => {
  test('100 guests, half with Basic and half with P1: ten licences of each', () => {
    expect(tiersOf({ rule: '2017', guests: 'basic=50,p1=50' })).toEqual({
      basic: { fivefold: 50, onefold: 0, needed: 10, owned: 0, covered: 0, missing: 10 },
      p1: { fivefold: 50, onefold: 0, needed: 10, owned: 0, covered: 0, missing: 10 },
    });
  });

  test('60 guests with P1, and ten licences that staff use: two are missing', () => {
    const two = { fivefold: 60, needed: 12, owned: 10, covered: 50, missing: 2 };
    expect(tiersOf({ rule: '2017', guests: 'p1=60', owned: 'p1=10' }).p1).toEqual({ ...two, onefold: 0 });
    expect(tiersOf({ rule: '2017', guests: 'p1=60', employee: 'p1=10', owned: 'p1=10' }).p1).toEqual({
      ...two,
      onefold: 10,
    });
  });

  test.each([
    [{ guests: 'p1=10', employee: 'p1=3' }, 'p1', 3],
    [{ guests: 'p2=100' }, 'p2', 20],
    [{ guests: 'p1=1' }, 'p1', 1],
    [{ guests: 'p1=5' }, 'p1', 1],
    [{ guests: 'p1=6' }, 'p1', 2],
    [{ guests: 'p1=0' }, 'p1', 0],
    [{ guests: 'free=500' }, 'free', 0],
    [{ homeLicensed: 'p1=500' }, 'p1', 0],
    [{ guests: 'p1=10', affiliateMember: 'p1=4' }, 'p1', 4],
  ] as const)('%j: of %s %i', (people, tier, needed) => {
    expect(tiersOf({ rule: '2017', ...people })[tier]?.needed).toBe(needed);
  });

  test('guests of the same group of companies count five to one in 2017 and one to one in 2018', () => {
    const people = { guests: 'p1=5', affiliateGuest: 'p1=5' };
    expect(tiersOf({ rule: '2017', ...people }).p1).toMatchObject({ fivefold: 10, onefold: 0, needed: 2 });
    expect(tiersOf({ rule: '2018', ...people }).p1).toMatchObject({ fivefold: 5, onefold: 5, needed: 5 });
  });

  test('unused places of higher tiers cover lower ones', () => {
    const needs = tiersOf({ rule: '2017', guests: 'basic=12,p1=7,p2=3', owned: 'p1=2,p2=1' });
    expect(needs.p2).toMatchObject({ covered: 3, missing: 0 });
    // Two places of P2 and ten of P1 for seven: five are left for twelve.
    expect(needs.p1).toMatchObject({ covered: 7, missing: 0 });
    expect(needs.basic).toMatchObject({ needed: 3, covered: 5, missing: 2 });
  });
});

describe('by the month', () => {
  test('the first 50,000 are free', () => {
    expect(activeBill(51_000, { price: 0.00325 })).toEqual({ billable: 1_000, cost: 3.25 });
    expect(activeBill(50_000, { price: 0.00325 })).toEqual({ billable: 0, cost: 0 });
    expect(activeBill(50_001, { price: 0.00325 })).toEqual({ billable: 1, cost: 0.00325 });
  });

  test('no governed guest is free', () => {
    expect(governanceBill(1_000, 0.75)).toEqual({ billable: 1_000, cost: 750 });
  });
});

describe('whatever the numbers are', () => {
  // The same numbers in every run.
  let seed = 20_261_130;
  const below = (bound: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * bound);
  };
  const counts = (tiers: readonly Tier[]) =>
    Object.fromEntries(tiers.filter(() => below(3) > 0).map((tier) => [tier, below(60)]));
  const cases = Array.from({ length: 500 }, () => ({
    people: Object.fromEntries(KINDS.map((kind) => [kind, counts(TIERS)])),
    owned: counts(PAID_TIERS),
    rule: RULES[below(2)] ?? '2017',
    kind: KINDS[below(KINDS.length)] ?? 'guest',
    tier: TIERS[below(TIERS.length)] ?? 'free',
  }));
  const plus = (people: People, kind: (typeof KINDS)[number], tier: Tier): People => ({
    ...people,
    [kind]: { ...people[kind], [tier]: (people[kind]?.[tier] ?? 0) + 1 },
  });
  const each = (needs: Partial<Record<Tier, Need>>, member: 'needed' | 'missing') =>
    TIERS.map((tier) => needs[tier]?.[member] ?? 0);

  test('one person more never lowers what is needed or missing', () => {
    for (const { people, owned, rule, kind, tier } of cases) {
      const [before, after] = [people, plus(people, kind, tier)].map((all) => fiveToOne(rule, all, owned));
      for (const member of ['needed', 'missing'] as const) {
        const [less, more] = [before, after].map((needs) => each(needs ?? {}, member));
        expect(more?.every((count, index) => count >= (less?.[index] ?? 0))).toBe(true);
      }
    }
  });

  test('one licence more never raises what is missing, in its tier or below', () => {
    for (const { people, owned, rule, tier } of cases) {
      if (tier === 'free') continue;
      const richer = { ...owned, [tier]: (owned[tier] ?? 0) + 1 };
      const [before, after] = [owned, richer].map((all) => each(fiveToOne(rule, people, all), 'missing'));
      expect(after?.every((count, index) => count <= (before?.[index] ?? 0))).toBe(true);
    }
  });

  test('all are covered where nothing is missing, and nobody is covered twice', () => {
    for (const { people, owned, rule } of cases) {
      const needs = fiveToOne(rule, people, owned);
      for (const { fivefold, covered, missing } of Object.values(needs)) {
        expect(covered).toBeLessThanOrEqual(fivefold);
        if (missing === 0) expect(covered).toBe(fivefold);
      }
    }
  });

  test('the order of what is named does not matter', () => {
    for (const { people, owned, rule } of cases) {
      const turned = (record: object) => Object.fromEntries(Object.entries(record).reverse());
      expect(fiveToOne(rule, turned(people), turned(owned))).toEqual(fiveToOne(rule, people, owned));
    }
  });

  test('a further grant never lowers the tier of a person', () => {
    for (const tier of TIERS)
      for (const more of TIERS) {
        const raised = TIERS.indexOf(highestTier([tier, more]));
        expect(raised).toBeGreaterThanOrEqual(TIERS.indexOf(highestTier([tier])));
        expect(highestTier([more, tier])).toBe(highestTier([tier, more]));
      }
    expect(highestTier([])).toBe('free');
  });
});

test('partners count as they are licensed, and affiliates by their kind of account', () => {
  expect(kindOf('partner', 'Member')).toBe('guest');
  expect(kindOf('affiliate', 'Member')).toBe('affiliateMember');
  expect(kindOf('affiliate', 'Guest')).toBe('affiliateGuest');
  expect(kindOf('employee', 'Guest')).toBe('employee');
  expect(kindOf('homeLicensed', 'Guest')).toBe('homeLicensed');
});

test.each([
  [{ rule: '2019' }, 'rule', 'rule'],
  [{ guests: 'p1' }, 'guests', 'tiers'],
  [{ guests: 'p1=1=2' }, 'guests', 'tiers'],
  [{ guests: 'p3=1' }, 'guests', 'tier'],
  [{ guests: 'p1=1,P1=2' }, 'guests', 'twice'],
  [{ guests: 'p1=-1' }, 'guests', 'count'],
  [{ employee: 'p1=1.5' }, 'employee', 'count'],
  [{ guests: 'p1=1e5' }, 'guests', 'count'],
  [{ guests: 'p1=100000001' }, 'guests', 'count'],
  [{ guests: 'p1=9999999999999' }, 'guests', 'count'],
  [{ owned: 'free=1' }, 'owned', 'free'],
  [{ rule: 'mau', price: '1' }, 'active', 'missing'],
  [{ rule: 'mau', active: '1' }, 'price', 'missing'],
  [{ rule: 'mau', active: '1', price: '-1' }, 'price', 'price'],
  [{ rule: 'mau', active: '1', price: '1e9' }, 'price', 'price'],
  [{ rule: 'mau', active: '1', price: '99999' }, 'price', 'price'],
  [{ rule: 'governance', price: '1' }, 'touched', 'missing'],
] satisfies [Question, string, string][])('%j is refused: %s, %s', (question, field, code) => {
  expect(answer(question)).toMatchObject({ ok: false, fault: { field, code } });
});
