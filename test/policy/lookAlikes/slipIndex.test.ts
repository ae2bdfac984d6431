import { isOneSlip, slipIndex } from '../../../src/policy/lookAlikes/slipIndex.js';

const PAIRS: [a: string, b: string, one: boolean, fact: string][] = [
  ['fabrikam', 'fabricam', true, 'a letter wrong'],
  ['fabrikam', 'fabrkam', true, 'a letter missing'],
  ['fabrkam', 'fabrikam', true, 'a letter too many'],
  ['fabrikam', 'fabirkam', true, 'two letters swapped'],
  ['fabrikam', 'fabrikam', false, 'the same'],
  ['fabrikam', 'fbarkiam', false, 'two swaps'],
  ['fabrikam', 'fabrik', false, 'two letters missing'],
  ['fabrikam', 'kabrifam', false, 'letters swapped that are not neighbours'],
  ['aab', 'aaab', true, 'a letter twice'],
  ['', 'a', true, 'a first letter'],
];

test.each(PAIRS)('%j and %j are one slip apart: %s (%s)', (a, b, one) => {
  expect(isOneSlip(a, b)).toBe(one);
  expect(isOneSlip(b, a)).toBe(one);
});

/** The same sequence in every run. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}

test('the index finds what comparing with every name finds', async () => {
  const next = sequence(7);
  // Few letters, so that many words are close to one another.
  const word = () => Array.from({ length: 3 + next(5) }, () => 'abcñ-'[next(5)]).join('');
  const names = [...new Set(Array.from({ length: 2_000 }, word))];
  const namesNear = await slipIndex(names);
  let found = 0;
  for (let count = 0; count < 500; count++) {
    const typed = word();
    const expected = names.filter((name) => isOneSlip(typed, name));
    expect(namesNear(typed).sort()).toEqual(expected.sort());
    found += expected.length;
  }
  expect(found).toBeGreaterThan(3_000);
});

test('an index of nothing finds nothing', async () => {
  expect((await slipIndex([]))('fabrikam')).toEqual([]);
});
