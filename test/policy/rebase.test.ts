import { editPolicyText } from '../../src/policy/editText.js';
import { rebasedEdits } from '../../src/policy/rebase.js';
import { aDocument, aPartner } from './aPolicy.js';

type Json = Record<string, unknown>;

const [a, b, c] = ['a', 'b', 'c'].map((id) => aPartner({ id, name: id.toUpperCase() })) as [Json, Json, Json];
const mineOnly = aPartner({ id: 'mine' });
const theirsOnly = aPartner({ id: 'theirs' });
const base = aDocument({ partners: [a, b, c] });
const of = (...partners: Json[]): Json => ({ ...base, partners });
const but = (overrides: Json): Json => ({ ...base, ...overrides });

/** What comes of making a change on top of another; null when that is left to a person. */
function onTop(from: Json, mine: Json, theirs: Json): unknown {
  const edits = rebasedEdits(from, mine, theirs);
  return edits && (JSON.parse(editPolicyText(JSON.stringify(theirs), edits)) as unknown);
}

type Case = [fact: string, mine: Json, theirs: Json, result: Json | null];

const CASES: Case[] = [
  ['what was removed goes, in whatever order it stands now', of(b), of(c, a, b), of(b)],
  ['neighbours that were removed go, in reverse order too', of(a), of(c, b, a), of(a)],
  [
    'all that were there go, and what was added meanwhile stays',
    of(),
    of(c, theirsOnly, a, b),
    of(theirsOnly),
  ],
  [
    'what changes is found where it stands now, before anything goes',
    of({ ...b, name: 'Mine' }, c),
    of(c, a, b),
    of(c, { ...b, name: 'Mine' }),
  ],
  [
    'what is new comes last, in the order in which it was added',
    of(mineOnly, c, aPartner({ id: 'second' }), b),
    of(theirsOnly, c, b, a),
    of(theirsOnly, c, b, mineOnly, aPartner({ id: 'second' })),
  ],
  [
    'changes, additions and removals go together',
    of(mineOnly, { ...c, enabled: false }),
    of(c, theirsOnly, b, a),
    of({ ...c, enabled: false }, theirsOnly, mineOnly),
  ],
  [
    'a partner with another id is another partner',
    of(a, { ...b, id: 'mine' }, c),
    of(c, b, a),
    of(c, a, { ...b, id: 'mine' }),
  ],
  ['their removal stays', of({ ...a, name: 'Mine' }, b, c), of(c, a), of(c, { ...a, name: 'Mine' })],
  ['another order alone is no change: theirs stays', of(c, b, a), of(b, a, c), of(b, a, c)],
  [
    'apps and settings of either stay',
    but({ apps: {}, unlisted: 'review' }),
    but({ deny: { consumer: true }, partners: [c, b, a] }),
    but({ apps: {}, unlisted: 'review', deny: { consumer: true }, partners: [c, b, a] }),
  ],
  [
    'a partner that both changed is left to a person',
    of({ ...a, name: 'Mine' }, b, c),
    of({ ...a, enabled: false }, b, c),
    null,
  ],
  ['a partner that one changed and the other removed too', of({ ...a, name: 'Mine' }, b, c), of(b, c), null],
  ['a partner that both removed too', of(b, c), of(c, b), null],
  ['a partner that both added too', of(a, b, c, mineOnly), of({ ...mineOnly, name: 'T' }, a, b, c), null],
  ['a setting that both changed too', but({ unlisted: 'review' }), but({ unlisted: 'deny' }), null],
];

test.each(CASES)('%s', (_fact, mine, theirs, result) => {
  expect(onTop(base, mine, theirs)).toEqual(result);
});

const MEMBERS: [fact: string, before: Json, after: Json][] = [
  ['an object gets its first member', { limits: {} }, { limits: { perDay: 5 } }],
  ['an object loses its last member', { limits: { perDay: 5 } }, { limits: {} }],
  ['a value becomes an object', { limits: 5 }, { limits: { perDay: 5 } }],
  [
    'members come, change and go',
    { limits: { perDay: 5 }, enabled: true },
    { limits: { perDay: 6, total: 9 } },
  ],
];

test.each(MEMBERS)('%s', (_fact, before, after) => {
  const mine = { ...b, ...after };
  expect(onTop(of(a, { ...b, ...before }, c), of(a, mine, c), of(c, { ...b, ...before }, a))).toEqual(
    of(c, mine, a),
  );
});

test.each([
  ['app that loses all its members', { crm: {} }],
  ['value of an app that is none', { crm: 'x' }],
])('an %s is written as a whole', (_fact, apps) => {
  const result = onTop(base, but({ apps }), of(c, b, a));
  expect(result).toEqual({ ...of(c, b, a), apps });
});

test('changes nothing where nothing was changed', () => {
  expect(rebasedEdits(base, JSON.parse(JSON.stringify(base)), of())).toEqual([]);
});

describe('as with partners that are known by their ids', () => {
  /** mulberry32: the same numbers at every run. */
  function randomFrom(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
    };
  }

  type Change = { id: string; partner: Json | null };

  function shuffled<T>(items: T[], random: (below: number) => number): T[] {
    return items
      .map((item) => ({ item, at: random(1_000_000) }))
      .sort((one, other) => one.at - other.at)
      .map(({ item }) => item);
  }

  function changesOf(ids: string[], by: string, random: (below: number) => number): Change[] {
    const changes = ids
      .filter(() => random(6) === 0)
      .map((id) => ({ id, partner: random(2) === 0 ? null : aPartner({ id, name: `${id} of ${by}` }) }));
    const added = Array.from({ length: random(3) }, (_, index) => `${by}${index}`);
    return [...changes, ...added.map((id) => ({ id, partner: aPartner({ id }) }))];
  }

  /** The model: a map by id keeps the order of what is there, and what is new comes last. */
  function carriedOut(partners: Json[], changes: Change[]): Json[] {
    const byId = new Map(partners.map((partner) => [partner.id as string, partner]));
    for (const { id, partner } of changes) {
      if (partner) byId.set(id, partner);
      else byId.delete(id);
    }
    return [...byId.values()];
  }

  test('in 500 conflicts', () => {
    const random = randomFrom(20_260_501);
    const seen = { choice: 0, onTop: 0 };
    for (let round = 0; round < 500; round++) {
      const ids = Array.from({ length: 1 + random(9) }, (_, index) => `p${index}`);
      const before = ids.map((id) => aPartner({ id }));
      const mine = changesOf(ids, 'mine', random);
      const theirs = changesOf(ids, 'theirs', random);
      const theirPartners = shuffled(carriedOut(before, theirs), random);
      const clash = mine.some(({ id }) => theirs.some((other) => other.id === id));
      const expected = clash ? null : of(...carriedOut(theirPartners, mine));
      // What I reordered is not carried over, save for what I added: that comes in the order of my document.
      const result = onTop(of(...before), of(...carriedOut(before, mine)), of(...theirPartners));
      expect({ round, result }).toEqual({ round, result: expected });
      seen[clash ? 'choice' : 'onTop']++;
    }
    expect(Math.min(seen.choice, seen.onTop)).toBeGreaterThan(50);
  });
});
