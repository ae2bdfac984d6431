import { readFileSync } from 'node:fs';
import { editPolicyText, UnfitEdit, type PolicyEdit } from '../../src/policy/editText.js';
import { timesAsLong } from '../support/processorTime.js';
import { aPartner } from './aPolicy.js';

type Case = [fact: string, text: string, edits: PolicyEdit[], result: string];

const set = (path: PolicyEdit['path'], value: unknown): PolicyEdit => ({ path, value });
const drop = (...path: PolicyEdit['path']): PolicyEdit => ({ path, value: undefined });

const CASES: Case[] = [
  ['a value is replaced', '{ "a": 1,  "b":2 }', [set(['a'], 3)], '{ "a": 3,  "b":2 }'],
  ['a member is added on the same line', '{ "a": 1 }', [set(['b'], 'x')], '{ "a": 1, "b": "x" }'],
  ['a text without spaces stays without', '{"a":[1]}', [set(['a', 1], { b: [] })], '{"a":[1,{"b":[]}]}'],
  ['a member is added on a line of its own', '{\n\t"a": 1\n}', [set(['b'], 2)], '{\n\t"a": 1,\n\t"b": 2\n}'],
  ['CR LF stays', '{\r\n  "a": 1\r\n}\r\n', [set(['b'], 2)], '{\r\n  "a": 1,\r\n  "b": 2\r\n}\r\n'],
  ['a byte-order mark stays', '\uFEFF{"a":1}', [set(['a'], 2)], '\uFEFF{"a":2}'],
  ['the first item is removed', '[1, 2, 3]', [drop(0)], '[2, 3]'],
  ['an item in the middle is removed', '[1, 2, 3]', [drop(1)], '[1, 3]'],
  ['the last item of a compact list is removed', '{"a":[1,2]}', [drop('a', 1)], '{"a":[1]}'],
  ['the only item is removed', '{ "a": [ 1 ] }', [drop('a', 0)], '{ "a": [] }'],
  ['a member is removed with its line', '{\n  "a": 1,\n  "b": 2\n}', [drop('b')], '{\n  "a": 1\n}'],
  ['what is not there is not removed', '{ "a": 1 }', [drop('b', 'c')], '{ "a": 1 }'],
  ['an empty list takes an item', '{ "a": [] }', [set(['a', 0], 'x')], '{ "a": ["x"] }'],
  ['what is missing on the way is made', '{"a":1}', [set(['b', 'c'], 2)], '{"a":1,"b":{"c":2}}'],
  ['an index beyond the end appends', '[1]', [set([7], 2)], '[1,2]'],
  ['edits follow each other', '[1, 2]', [drop(0), set([0], 3), set([1], 4)], '[3, 4]'],
  ['a key in other letters is found', '{"\\u0061": 1}', [set(['a'], 2)], '{"\\u0061": 2}'],
  ['a dangerous key is text like any other', '{}', [set(['__proto__'], 1)], '{"__proto__":1}'],
  ['quotes and markup are escaped as JSON asks', '{"a":1}', [set(['a'], '"</b>\n')], '{"a":"\\"</b>\\n"}'],
];

test.each(CASES)('%s', (_fact, text, edits, result) => {
  expect(editPolicyText(text, edits)).toBe(result);
});

const UNFIT: [fact: string, text: string, edit: PolicyEdit][] = [
  ['a text that is no JSON', '', set(['a'], 1)],
  ['a path through a number', '{"a":1}', set(['a', 'b'], 1)],
  ['an index of an object', '{"a":{}}', set(['a', 0], 1)],
  ['a key of a list', '{"a":[]}', set(['a', 'b'], 1)],
  ['the removal of everything', '{"a":1}', drop()],
];

test.each(UNFIT)('%s is refused', (_fact, text, edit) => {
  expect(() => editPolicyText(text, [edit])).toThrow(UnfitEdit);
});

describe('the example', () => {
  const example = readFileSync('policies/partners.json', 'utf8');
  const lines = (text: string) => text.split('\n');

  test('keeps every line but those of the member that changes', () => {
    const edited = editPolicyText(example, [set(['partners', 0, 'name'], 'Renamed')]);
    const changed = lines(edited).filter((line, index) => line !== lines(example)[index]);
    expect(changed).toEqual([expect.stringContaining('"Renamed"')]);
  });

  test('gets back its bytes when a partner is added and removed', () => {
    const { partners } = JSON.parse(example) as { partners: unknown[] };
    const added = editPolicyText(example, [set(['partners', partners.length], aPartner({ id: 'new' }))]);
    expect((JSON.parse(added) as { partners: unknown[] }).partners.at(-1)).toEqual(aPartner({ id: 'new' }));
    expect(editPolicyText(added, [drop('partners', partners.length)])).toBe(example);
  });

  test('lays out a long partner over several lines, with the indentation of its neighbours', () => {
    const domains = Array.from({ length: 9 }, (_, index) => `division-${index}.fabrikam.com`);
    const edited = editPolicyText(example, [set(['partners', 0, 'domains'], domains)]);
    const at = lines(edited).findIndex((line) => line.includes('"domains": ['));
    expect(lines(edited)[at + 1]).toMatch(/^ {8}"division-0\.fabrikam\.com",$/);
  });
});

describe('several edits of one entry', () => {
  const example = readFileSync('policies/partners.json', 'utf8');
  const SEVERAL: [fact: string, text: string, edits: PolicyEdit[]][] = [
    [
      'members that change, come and go',
      example,
      [
        set(['partners', 0, 'name'], 'Renamed'),
        set(['partners', 0, 'invitation', 'message'], 'Hello'),
        drop('partners', 0, 'apps'),
        set(['partners', 0, 'domains'], ['a.com', 'b.com']),
        set(['partners', 0, 'limits', 'perDay'], 5),
      ],
    ],
    [
      'a compact entry that outgrows its line',
      '{\n  "partners": [\n    { "id": "a" }\n  ]\n}',
      [
        set(['partners', 0, 'domains'], Array(9).fill('long-name.example')),
        set(['partners', 0, 'name'], 'A'),
      ],
    ],
    [
      'a setting and what is missing',
      example,
      [set(['deny', 'consumer'], true), set(['deny', 'domains', 0], 'a.com')],
    ],
    [
      'an entry that another edit has moved',
      example,
      [set(['partners', 1, 'name'], 'One'), drop('partners', 0), set(['partners', 0, 'name'], 'Two')],
    ],
    ['an entry that is made first', '{"deny":{}}', [set(['apps', 'x'], {}), set(['apps', 'x', 'name'], 'X')]],
    [
      'the whole entry between',
      example,
      [set(['portal', 'colour'], '#000000'), set(['portal'], {}), set(['portal', 'terms'], 't.md')],
    ],
  ];

  test.each(SEVERAL)('%s: they do what each would do alone', (_fact, text, edits) => {
    const oneByOne = edits.reduce((all, edit) => editPolicyText(all, [edit]), text);
    expect(editPolicyText(text, edits)).toBe(oneByOne);
  });

  test('that do not fit are refused', () => {
    const edits = [set(['deny', 'consumer'], true), set(['deny', 'consumer', 'x'], true)];
    expect(() => editPolicyText('{"deny":{"consumer":false}}', edits)).toThrow(UnfitEdit);
  });
});

describe('2,000 partners', () => {
  const partners = Array.from({ length: 2_000 }, (_, index) =>
    aPartner({ id: `p${index}`, domains: [`p${index}.com`, `*.p${index}.com`] }),
  );
  const text = JSON.stringify({ partners }, null, 2);

  test('are edited', () => {
    const edits = [
      set(['partners', 1_000, 'name'], 'Renamed'),
      drop('partners', 7),
      set(['partners', 1_999], aPartner()),
    ];
    const result = JSON.parse(editPolicyText(text, edits)) as { partners: unknown[] };
    expect(result.partners).toHaveLength(2_000);
  });

  test('are parsed once for all edits of one of them', async () => {
    const renamed = (times: number) => () =>
      editPolicyText(
        text,
        Array.from({ length: times }, (_, count) => set(['partners', 1_000, 'name'], `Name ${count}`)),
      );
    expect(renamed(100)()).toContain('"Name 99"');
    expect(await timesAsLong(renamed(100), renamed(1))).toBeLessThan(20);
  });
});
