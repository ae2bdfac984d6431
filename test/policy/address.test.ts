import { readFileSync } from 'node:fs';
import { parseAddress } from '../../src/policy/address.js';
import { decide } from '../../src/policy/decide.js';
import { aPartner, aPolicy } from './aPolicy.js';

type Vector = { address: string; expect: 'allow' | 'deny' | 'reject'; why: string };
const vectors = JSON.parse(readFileSync(new URL('addresses.vectors.json', import.meta.url), 'utf8')) as {
  cases: Vector[];
};

describe('every vector of addresses', () => {
  it.each(vectors.cases)('$address: $expect ($why)', async ({ address, expect: expected }) => {
    const policy = await aPolicy({ partners: [aPartner({ domains: ['contoso.com', '*.fabrikam.com'] })] });
    const parsed = parseAddress(address);
    const outcome = parsed.ok ? decide(policy, parsed).outcome : 'reject';
    expect(outcome).toBe(expected === 'allow' ? 'invite' : expected);
  });
});

const GOOD: [input: string, canonical: string, fact: string][] = [
  ['  Ana@Contoso.com ', 'ana@contoso.com', 'ordinary spaces around are dropped, and case folds'],
  ['\u00a0ana@contoso.com\u200b', 'ana@contoso.com', 'so are spaces of other kinds, and of no width'],
  ['\u202aana@contoso.com\u202c\ufeff', 'ana@contoso.com', 'and the marks that come with a copied contact'],
  ['_@contoso.com', '_@contoso.com', 'an underscore may stand anywhere'],
  ['1@2.3.com', '1@2.3.com', 'digits may stand anywhere but in the top-level domain'],
  ['a@xn--bcher-kva.com', 'a@xn--bcher-kva.com', 'an A-label stays as it is'],
  ['a@contoso.xn--p1ai', 'a@contoso.xn--p1ai', 'a top-level domain may be an A-label'],
  [`${'a'.repeat(64)}@contoso.com`, `${'a'.repeat(64)}@contoso.com`, '64 characters before the @ are fine'],
  [`a@${'x'.repeat(63)}.com`, `a@${'x'.repeat(63)}.com`, 'a label of 63 characters is fine'],
];

const FAULTY: [input: unknown, fault: string, fact: string][] = [
  [undefined, 'missing', 'nothing'],
  [['ana@contoso.com', 'eve@evil.com'], 'missing', 'a repeated field arrives as a list'],
  [{ toString: () => 'ana@contoso.com' }, 'missing', 'an object'],
  ['', 'missing', 'an empty text'],
  ['   ', 'missing', 'nothing but spaces'],
  [`${'a'.repeat(65)}@contoso.com`, 'tooLong', '65 characters before the @'],
  [`a@${'x.'.repeat(126)}com`, 'tooLong', 'over 254 characters in all'],
  ['a@contoso.com\n', 'whitespace', 'a line break is not dropped'],
  ['\ta@contoso.com', 'whitespace', 'a tab is not dropped'],
  ['a b@contoso.com', 'whitespace', 'a space inside'],
  ['not an address', 'noAt', 'words'],
  ['a@con\u00a0toso.com', 'whitespace', 'a no-break space inside'],
  ['a@contoso\u200b.com', 'invisible', 'a space without width inside'],
  ['a@contoso.com\u202e', 'invisible', 'what turns the direction round is not dropped'],
  ['eva@bücher.example', 'international', 'a domain in letters beyond ASCII'],
  ['eva@ｂücher.example', 'notAscii', 'a letter that folds, beside one that does not'],
  ['eva@ｃｏｎｔｏｓｏ.com', 'notAscii', 'letters that fold to another domain'],
  ['a@contoso.com\u0000', 'character', 'a control character'],
  ['\u212aim@contoso.com', 'notAscii', 'the Kelvin sign folds to k'],
  ['a@con\ud800toso.com', 'notAscii', 'half a character'],
  ['contoso.com', 'noAt', 'no @'],
  ['a@b@contoso.com', 'severalAts', 'two @'],
  ['"ana"@contoso.com', 'quoted', 'quotation marks'],
  ['ana+tag@contoso.com', 'plus', 'a tag'],
  ['a`b@contoso.com', 'character', 'a grave accent'],
  ['<a>@contoso.com', 'character', 'angle brackets'],
  ['@contoso.com', 'localPart', 'nothing before the @'],
  ['a..b@contoso.com', 'localPart', 'two dots in a row'],
  ['a-@contoso.com', 'localPart', 'a hyphen at the end of the user name'],
  ['a@', 'domain', 'nothing after the @'],
  ['a@con..toso.com', 'domain', 'an empty label'],
  ['a@-contoso.com', 'domain', 'a label that begins with a hyphen'],
  ['a@contoso-.com', 'domain', 'a label that ends with a hyphen'],
  ['a@con+toso.com', 'domain', 'a plus sign in the domain'],
  [`a@${'x'.repeat(64)}.com`, 'domain', 'a label of 64 characters'],
  ['a@ab--contoso.com', 'domain', 'a reserved label: hyphens in the third and fourth place'],
  ['a@xn--contoso-.com', 'domain', 'an A-label that decodes to plain contoso'],
  ['a@xn--a.com', 'domain', 'an A-label that decodes to nothing'],
  ['a@contoso', 'noTopLevelDomain', 'one label'],
  ['a@[192.0.2.1]', 'domain', 'an address literal'],
  ['a@contoso.c', 'noTopLevelDomain', 'a top-level domain of one letter'],
  ['a@contoso.c0m', 'noTopLevelDomain', 'a top-level domain with a digit'],
];

describe('parseAddress', () => {
  it.each(GOOD)('%j is %s: %s', (input, canonical) => {
    const parsed = parseAddress(input);
    const [local, domain] = canonical.split('@');
    expect(parsed).toEqual({ ok: true, address: { local, domain, canonical } });
  });

  it.each(FAULTY)('%j is at fault (%s): %s', (input, fault) => {
    expect(parseAddress(input)).toMatchObject({ ok: false, fault });
  });

  it.each([
    ['Ana+News@contoso.com', 'ana@contoso.com'],
    ['ana+a+b@contoso.com', 'ana@contoso.com'],
    ['+ana@contoso.com', undefined],
    ['.ana+b@contoso.com', undefined],
    ['ana+b@contoso', undefined],
  ])('for %s it suggests %s', (input, suggestion) => {
    const parsed = parseAddress(input);
    expect(parsed).toEqual({ ok: false, fault: 'plus', ...(suggestion && { suggestion }) });
  });

  it('refuses 4,000 hostile addresses, of up to a megabyte', () => {
    const patterns = ['a', ' ', '@', '.', 'a.', '-', '+', '"', 'xn--', '\u0130', 'a@a.', '\n'];
    const hostile = Array.from({ length: 4000 }, (_, index) => {
      const pattern = patterns[index % patterns.length] ?? '';
      const length = index % 40 === 0 ? 1_000_000 : 250 + (index % 300);
      return `${pattern.repeat(Math.ceil(length / pattern.length))}@x.com`;
    });
    const accepted = hostile.filter((address) => parseAddress(address).ok);
    expect(accepted).toEqual([]);
  });
});
