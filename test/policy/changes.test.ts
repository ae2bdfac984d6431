import { policyChanges } from '../../src/policy/changes.js';
import { timesAsLong } from '../support/processorTime.js';
import { aDocument, aPartner } from './aPolicy.js';

const before = aDocument({
  partners: [aPartner(), aPartner({ id: 'fabrikam', name: 'Fabrikam', limits: { perDay: 5 } })],
});
const [contoso, fabrikam] = before.partners as [Record<string, unknown>, Record<string, unknown>];
const but = (overrides: Record<string, unknown>) => ({ ...before, ...overrides });

/** A change in one line: kind, section/key, then `field: before > after`. */
function inShort(changes: ReturnType<typeof policyChanges>): string[] {
  const show = (value: unknown) => (value === undefined ? '-' : JSON.stringify(value));
  return changes.map(({ kind, section, key, fields }) =>
    [
      `${kind} ${section}/${key}`,
      ...(kind === 'changed' ? fields : []).map(
        (field) => `${field.field}: ${show(field.before)} > ${show(field.after)}`,
      ),
    ].join(' | '),
  );
}

const CASES: [fact: string, after: unknown, changes: string[]][] = [
  ['equal documents do not differ', JSON.parse(JSON.stringify(before)), []],
  ['another order of partners is no change', but({ partners: [fabrikam, contoso] }), []],
  [
    'a partner is added',
    but({ partners: [aPartner({ id: 'new' }), contoso, fabrikam] }),
    ['added partners/new'],
  ],
  ['a partner is removed', but({ partners: [fabrikam] }), ['removed partners/contoso']],
  [
    'a partner whose id changes is another one',
    but({ partners: [{ ...contoso, id: 'c' }, fabrikam] }),
    ['added partners/c', 'removed partners/contoso'],
  ],
  [
    'members of a partner change, nested ones by their path',
    but({ partners: [contoso, { ...fabrikam, enabled: false, limits: { perDay: 6, total: 9 } }] }),
    ['changed partners/fabrikam | limits.perDay: 5 > 6 | limits.total: - > 9 | enabled: - > false'],
  ],
  [
    'a list is one value',
    but({ partners: [{ ...contoso, domains: ['contoso.com', 'b.com'] }, fabrikam] }),
    ['changed partners/contoso | domains: ["contoso.com"] > ["contoso.com","b.com"]'],
  ],
  ['a group is added', but({ groups: { ...(before.groups as object), x: { id: '1' } } }), ['added groups/x']],
  ['an app is removed', but({ apps: {} }), ['removed apps/crm']],
  [
    'settings are known by their name',
    but({
      portal: { organization: 'W', contact: 'partners@woodgrove.com' },
      deny: { consumer: true },
      unlisted: 'review',
    }),
    ['changed portal/organization | : "Woodgrove" > "W"', 'added deny/consumer', 'added document/unlisted'],
  ],
  [
    'two partners with one id are both shown',
    but({ partners: [contoso, contoso, fabrikam] }),
    ['added partners/contoso'],
  ],
  ['what is no document has nothing', null, expect.arrayContaining(['removed partners/contoso']) as never],
];

test.each(CASES)('%s', (_fact, after, changes) => {
  expect(inShort(policyChanges(before, after))).toEqual(changes);
});

test('eight times as many partners take about eight times as long to compare, not sixty-four', async () => {
  const compared = (count: number) => {
    const partners = Array.from({ length: count }, (_, index) =>
      aPartner({ id: `p${index}`, domains: [`p${index}.com`] }),
    );
    const changed = partners.map((partner, index) =>
      index % 2 === 0 ? partner : { ...partner, name: 'Other' },
    );
    return () => policyChanges(but({ partners }), but({ partners: changed }));
  };
  expect(compared(4_000)()).toHaveLength(2_000);
  expect(await timesAsLong(compared(4_000), compared(500))).toBeLessThan(32);
});
