import { isEmpty, isWithin, narrowGrants, wholeChoice } from '../../src/policy/narrowGrants.js';
import type { Policy } from '../../src/policy/policy.js';
import { aPartner, aPolicy } from './aPolicy.js';

const id = (number: number) => `22222222-0000-4000-8000-00000000000${number}`;
const app = (name: string, rest: object) => ({ name, url: `https://${name}.woodgrove.com`, ...rest });

let policy: Policy;

// crm and wiki share a group, wiki has a role besides, and the partner itself joins one of crm's groups and one more.
beforeAll(async () => {
  policy = await aPolicy({
    groups: {
      shared: { id: id(1), name: 'Shared' },
      crm: { id: id(2), name: 'CRM' },
      wiki: { id: id(3), name: 'Wiki' },
      own: { id: id(4), name: 'Own' },
      foreign: { id: id(5), name: 'Foreign' },
    },
    apps: {
      crm: app('crm', { groups: ['shared', 'crm'] }),
      wiki: app('wiki', { groups: ['shared', 'wiki'], servicePrincipalId: id(8), appRoleId: id(9) }),
      other: app('other', { groups: ['foreign'] }),
    },
    partners: [
      aPartner({ apps: ['crm', 'wiki'], groups: ['own', 'crm'] }),
      aPartner({ id: 'bare', domains: ['bare.com'], apps: ['crm'] }),
    ],
  });
});

type Case = [fact: string, apps: string[], groups: string[], expected: string];

test.each<Case>([
  ['everything', ['crm', 'wiki'], ['own', 'crm'], 'crm wiki | own crm shared wiki | wiki'],
  ['an app brings its groups', ['wiki'], [], 'wiki | shared wiki | wiki'],
  ['a group that another chosen app needs stays', ['crm'], [], 'crm | shared crm | '],
  ['a group that the partner itself has stays without its app', [], ['crm'], ' | crm | '],
  [
    'a group of the partner that is not chosen comes with its app all the same',
    ['crm'],
    ['own'],
    'crm | own shared crm | ',
  ],
  ['nothing', [], [], ' |  | '],
  ['what the partner does not have is not given', ['other', 'crm'], ['foreign'], 'crm | shared crm | '],
  ['a group that comes with an app alone is not given without it', [], ['wiki', 'shared'], ' |  | '],
])('%s', (_fact, apps, groups, expected) => {
  const narrowed = narrowGrants(policy, 'contoso', { apps, groups });
  const keys = (list: { key: string }[]) => list.map(({ key }) => key).join(' ');
  expect(`${keys(narrowed.apps)} | ${keys(narrowed.groups)} | ${keys(narrowed.appRoles)}`).toBe(expected);
  const whole = policy.grants('contoso');
  for (const kind of ['apps', 'groups', 'appRoles'] as const) {
    expect(keys(whole[kind]).split(' ')).toEqual(
      expect.arrayContaining(narrowed[kind].map(({ key }) => key)),
    );
  }
});

test('an unknown partner gives nothing', () => {
  expect(isEmpty(narrowGrants(policy, 'nobody', { apps: ['crm'], groups: [] }))).toBe(true);
  expect(isWithin(policy, 'nobody', { apps: ['crm'], groups: [] })).toBe(false);
  expect(wholeChoice(policy, 'nobody')).toEqual({ apps: [], groups: [] });
});

test.each<[fact: string, apps: string[], groups: string[], within: boolean]>([
  ['all that the partner has', ['wiki', 'crm'], ['crm', 'own'], true],
  ['a part of it', ['crm'], ['own'], true],
  ['a group that its apps bring', ['crm', 'wiki'], ['shared'], true],
  ['an app of somebody else', ['other'], [], false],
  ['a group of somebody else', ['crm'], ['foreign'], false],
  ['what is in no policy', ['nothing'], ['constructor'], false],
])('%s', (_fact, apps, groups, within) => {
  expect(isWithin(policy, 'contoso', { apps, groups })).toBe(within);
});

test('the whole choice gives what the policy grants', () => {
  const whole = wholeChoice(policy, 'contoso');
  expect(isWithin(policy, 'contoso', whole)).toBe(true);
  expect(narrowGrants(policy, 'contoso', whole)).toEqual(policy.grants('contoso'));
});
