import { parseAddress } from '../../src/policy/address.js';
import { decide, type Applicant } from '../../src/policy/decide.js';
import { type Decision, explainReason } from '../../src/policy/decision.js';
import { aPartner, aPolicy, GROUP_ID, OTHER_ID } from './aPolicy.js';

const PARTNERS = [
  aPartner({ id: 'exact', domains: ['exact.com', 'a.wide.com'] }),
  aPartner({ id: 'wide', domains: ['*.wide.com'] }),
  aPartner({ id: 'deep', domains: ['*.deep.wide.com'], approval: 'manual' }),
  aPartner({ id: 'person', domains: ['kim@exact.com', 'kim@gmail.com', 'kim@mailinator.com'] }),
  aPartner({ id: 'off', domains: ['off.wide.com', '*.off.wide.com'], enabled: false, proof: 'mailbox' }),
  aPartner({ id: 'manual', domains: ['manual.com'], approval: 'manual' }),
  aPartner({ id: 'mailbox', domains: ['mailbox.com'], proof: 'mailbox' }),
  aPartner({ id: 'tenant', domains: ['tenant.com'], proof: 'tenant', approval: 'manual' }),
];
const DENY = {
  domains: ['bad.wide.com', '*.bad.com', 'eve@exact.com', '*.ru'],
  consumer: true,
  disposable: true,
};

async function decideOn(typed: string, proven?: Applicant['proven'], overrides = {}): Promise<Decision> {
  const policy = await aPolicy({ partners: PARTNERS, deny: DENY, ...overrides });
  const parsed = parseAddress(typed);
  if (!parsed.ok) throw new Error(parsed.fault);
  return decide(policy, { address: parsed.address, ...(proven && { proven }) });
}

type Case = [
  address: string,
  outcome: string,
  partner: string | null,
  rule: string,
  codes: string[],
  fact: string,
];

const CASES: Case[] = [
  ['a@exact.com', 'invite', 'exact', 'exact.com', ['domain.listed'], 'an exact domain'],
  ['A@EXACT.com', 'invite', 'exact', 'exact.com', ['domain.listed'], 'case folds'],
  [
    'kim@exact.com',
    'invite',
    'person',
    'kim@exact.com',
    ['address.listed'],
    'an address wins over its domain',
  ],
  ['a@a.wide.com', 'invite', 'exact', 'a.wide.com', ['domain.listed'], 'a domain wins over a wildcard'],
  ['a@x.y.wide.com', 'invite', 'wide', '*.wide.com', ['domain.wildcard'], 'a wildcard reaches any depth'],
  ['a@wide.com', 'deny', null, 'unlisted', ['unlisted'], 'a wildcard leaves out the domain itself'],
  [
    'a@x.deep.wide.com',
    'review',
    'deep',
    '*.deep.wide.com',
    ['domain.wildcard', 'approval.manual'],
    'the longest wildcard wins',
  ],
  [
    'a@deep.wide.com',
    'invite',
    'wide',
    '*.wide.com',
    ['domain.wildcard'],
    'the shorter wildcard takes what the longer leaves out',
  ],
  ['a@x.exact.com', 'deny', null, 'unlisted', ['unlisted'], 'an exact domain leaves out what is below'],
  [
    'a@bad.wide.com',
    'deny',
    null,
    'deny: bad.wide.com',
    ['denied.domain'],
    'a denial beats the wildcard of a partner',
  ],
  ['a@x.bad.com', 'deny', null, 'deny: *.bad.com', ['denied.domain'], 'a denied wildcard'],
  ['a@bad.com', 'deny', null, 'unlisted', ['unlisted'], 'a denied wildcard leaves out the domain itself'],
  [
    'eve@exact.com',
    'deny',
    null,
    'deny: eve@exact.com',
    ['denied.domain'],
    'one address is denied at a listed domain',
  ],
  ['a@anything.ru', 'deny', null, 'deny: *.ru', ['denied.domain'], 'a top-level domain is denied'],
  ['a@gmail.com', 'deny', null, 'deny: consumer', ['denied.consumer'], 'a public email provider'],
  ['a@mail.gmail.com', 'deny', null, 'deny: consumer', ['denied.consumer'], 'below a public mail provider'],
  [
    'kim@gmail.com',
    'invite',
    'person',
    'kim@gmail.com',
    ['address.listed'],
    'a partner names one address at a public provider',
  ],
  ['a@yopmail.com', 'deny', null, 'deny: disposable', ['denied.disposable'], 'a throw-away provider'],
  [
    'kim@mailinator.com',
    'invite',
    'person',
    'kim@mailinator.com',
    ['address.listed'],
    'a partner names one throw-away address',
  ],
  ['a@manual.co', 'deny', null, 'deny: look-alike', ['denied.lookAlike'], 'a look-alike of a listed domain'],
  [
    'a@off.wide.com',
    'deny',
    'off',
    'off.wide.com',
    ['domain.listed', 'partner.disabled'],
    'a disabled partner does not fall through to a wider rule',
  ],
  [
    'a@x.off.wide.com',
    'deny',
    'off',
    '*.off.wide.com',
    ['domain.wildcard', 'partner.disabled'],
    'nor does its wildcard',
  ],
  ['a@manual.com', 'review', 'manual', 'manual.com', ['domain.listed', 'approval.manual'], 'manual approval'],
  [
    'a@mailbox.com',
    'prove',
    'mailbox',
    'mailbox.com',
    ['domain.listed', 'proof.mailbox'],
    'the mailbox is to be proved',
  ],
  [
    'a@tenant.com',
    'prove',
    'tenant',
    'tenant.com',
    ['domain.listed', 'proof.tenant'],
    'the tenant is to be proved before approval',
  ],
];

const PROOFS: [address: string, proven: 'mailbox' | 'tenant', outcome: string, fact: string][] = [
  ['a@mailbox.com', 'mailbox', 'invite', 'what was asked is proved'],
  ['a@mailbox.com', 'tenant', 'prove', 'a tenant does not prove a mailbox'],
  ['a@tenant.com', 'mailbox', 'prove', 'a mailbox does not prove a tenant'],
  ['a@tenant.com', 'tenant', 'review', 'approval follows proof'],
  ['a@off.wide.com', 'mailbox', 'deny', 'proof does not enable a partner'],
  ['a@nobody.com', 'tenant', 'deny', 'proof does not list an address'],
];

describe('decide', () => {
  it.each(CASES)('%s: %s by %s, %s %j: %s', async (address, outcome, partner, rule, codes) => {
    const decision = await decideOn(address);
    expect(decision).toMatchObject({ outcome, partner, rule });
    expect(decision.reasons.map(({ code }) => code)).toEqual(codes);
  });

  it.each(PROOFS)('%s that proved its %s: %s, since %s', async (address, proven, outcome) => {
    expect((await decideOn(address, proven)).outcome).toBe(outcome);
  });

  it('leaves unlisted addresses to a reviewer when the policy says so', async () => {
    const decision = await decideOn('a@nobody.com', undefined, { unlisted: 'review' });
    expect(decision).toMatchObject({ outcome: 'review', partner: null, rule: 'unlisted' });
    expect(decision.reasons).toEqual([{ code: 'unlisted', outcome: 'review' }]);
  });

  it('lets public and throw-away providers pass when the policy does not deny them', async () => {
    const partners = [aPartner({ domains: ['gmail.com', 'yopmail.com'] })];
    for (const address of ['a@gmail.com', 'a@yopmail.com']) {
      expect((await decideOn(address, undefined, { partners, deny: {} })).outcome).toBe('invite');
    }
  });

  it.each(['a@gmail.com', 'a@off.wide.com', 'a@nobody.com', 'eve@exact.com'])(
    'gives %s nothing',
    async (address) => {
      expect((await decideOn(address)).grants).toEqual({ groups: [], appRoles: [], apps: [] });
    },
  );

  it('grants the groups of the partner and of its apps, each id once, then app roles and apps', async () => {
    const servicePrincipalId = '33333333-0000-4000-8000-000000000001';
    const appRoleId = '44444444-0000-4000-8000-000000000001';
    const { grants } = await decideOn('a@contoso.com', undefined, {
      groups: {
        staff: { id: GROUP_ID, name: 'Staff' },
        sameAsStaff: { id: GROUP_ID.toUpperCase(), name: 'Staff again' },
        wiki: { id: OTHER_ID, name: 'Wiki' },
      },
      apps: {
        crm: { name: 'CRM', url: 'https://crm.woodgrove.com', groups: ['wiki', 'sameAsStaff'] },
        wiki: { name: 'Wiki', url: 'https://wiki.woodgrove.com', servicePrincipalId, appRoleId },
      },
      partners: [aPartner({ apps: ['wiki', 'crm'], groups: ['staff'] })],
    });
    expect(grants).toEqual({
      groups: [
        { key: 'staff', id: GROUP_ID, name: 'Staff' },
        { key: 'wiki', id: OTHER_ID, name: 'Wiki' },
      ],
      appRoles: [{ key: 'wiki', name: 'Wiki', servicePrincipalId, appRoleId }],
      apps: [
        { key: 'wiki', name: 'Wiki', url: 'https://wiki.woodgrove.com' },
        { key: 'crm', name: 'CRM', url: 'https://crm.woodgrove.com' },
      ],
    });
  });

  it('has an English sentence for every reason', async () => {
    for (const [address] of CASES) {
      for (const reason of (await decideOn(address)).reasons)
        expect(explainReason(reason)).toMatch(/^\S.+\.$/);
    }
  });
});

describe('a compiled policy', () => {
  it('finds its partners by id, and nothing under a name that every object has', async () => {
    const policy = await aPolicy();
    expect(policy.partner('contoso')).toMatchObject({ name: 'Contoso' });
    expect(policy.partner('constructor')).toBeUndefined();
    expect(policy.grants('constructor').groups).toEqual([]);
  });

  it('cannot be changed', async () => {
    const { document, partner, grants } = await aPolicy();
    expect(() => document.partners.push(...document.partners)).toThrow(TypeError);
    expect(() => partner('contoso')?.domains.push('evil.com')).toThrow(TypeError);
    expect(() => grants('contoso').groups.pop()).toThrow(TypeError);
  });
});
