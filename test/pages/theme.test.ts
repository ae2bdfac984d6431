import { readFile } from 'node:fs/promises';
import { contrast } from '../../src/accent.js';
import { themeOf } from '../../src/pages/theme.js';

type Tokens = Record<string, string>;
type Mode = 'light' | 'dark';

/** The custom properties that a style sheet sets, those of dark in place of the others. */
function tokensOf(css: string, mode: Mode): Tokens {
  const [light = '', dark = ''] = css.split('@media screen and (prefers-color-scheme: dark)');
  const set = [...`${light}${mode === 'dark' ? dark : ''}`.matchAll(/--([\w-]+): (#[0-9a-f]{3,6})/g)];
  return Object.fromEntries(set.map(([, name = '', value = '']) => [name, inFull(value)]));
}

function inFull(colour: string): string {
  return colour.length === 4 ? colour.replaceAll(/[0-9a-f]/g, '$&$&') : colour;
}

const TONES = ['good', 'bad', 'wait', 'info', 'neutral'];
const GROUNDS = ['ground', 'surface', 'raised'];

/** Pairs that stand on each other: text takes 4.5 (WCAG 2.2, 1.4.3), edges and marks 3 (1.4.11). */
const PAIRS: [string, string, number][] = [
  ...GROUNDS.flatMap((ground): [string, string, number][] => [
    ['ink', ground, 7],
    ['muted', ground, 4.5],
    ['link', ground, 4.5],
    ['focus', ground, 3],
    ['border', ground, 3],
  ]),
  ['on-accent', 'accent', 4.5],
  ['on-accent', 'accent-hover', 4.5],
  ...TONES.flatMap((tone): [string, string, number][] => [
    [tone, `${tone}-tint`, 4.5],
    [tone, 'surface', 4.5],
    [tone, 'ground', 4.5],
    ['ink', `${tone}-tint`, 7],
    ['link', `${tone}-tint`, 4.5],
    ['muted', `${tone}-tint`, 4.5],
  ]),
  ...['access', 'under-way', 'attention', 'refused'].map((name): [string, string, number] => [
    `chart-${name}`,
    'surface',
    3,
  ]),
];

function unreadable(tokens: Tokens): string[] {
  return PAIRS.flatMap(([one, other, least]) => {
    const found = contrast(tokens[one] ?? '', tokens[other] ?? '');
    return found >= least ? [] : [`${one} on ${other}: ${found.toFixed(2)}`];
  });
}

describe.each<Mode>(['light', 'dark'])('in %s', (mode) => {
  let own: Tokens;
  beforeAll(async () => {
    own = tokensOf(await readFile('public/styles/tokens.css', 'utf8'), mode);
  });

  test('whatever stands on a colour can be read on it', () => {
    expect(unreadable(own)).toEqual([]);
  });

  test.each([
    '#000000',
    '#ffffff',
    '#ffff00',
    '#777777',
    '#0000ff',
    '#ff0000',
    '#00ff00',
    '#b45309',
    '#ff0f96',
    '#8fb8de',
    '#2a3340',
  ])('an organisation may have the colour %s', (colour) => {
    expect(unreadable({ ...own, ...tokensOf(themeOf(colour), mode) })).toEqual([]);
  });
});

test('the contrast is the one that WCAG defines', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});
