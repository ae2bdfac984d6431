import { explain } from '../../src/policy/explain.js';
import { explainFault } from '../../src/policy/describe.js';
import { timesAsLong } from '../support/processorTime.js';
import { aPartner, aPolicy } from './aPolicy.js';

const PARTNERS = [
  aPartner({ id: 'fabrikam', domains: ['*.fabrikam.com', '*.deep.fabrikam.com', 'ana@x.deep.fabrikam.com'] }),
  aPartner({
    id: 'litware',
    domains: ['litware.com', 'x.deep.fabrikam.com', 'ana@gmail.com', 'kim@gmail.com'],
  }),
];

type Case = [address: string, rule: string, why: string];

const CASES: Case[] = [
  ['a@fabrikam.com', '*.fabrikam.com', 'matches subdomains only, not fabrikam.com itself'],
  ['a@x.litware.com', 'litware.com', 'matches only litware.com itself, not x.litware.com'],
  ['a@x.fake.com', 'deny: fake.com', 'matches only fake.com itself, not x.fake.com'],
  [
    'ana@x.deep.fabrikam.com',
    'x.deep.fabrikam.com',
    'matches, but the more specific ana@x.deep.fabrikam.com wins',
  ],
  [
    'ana@x.deep.fabrikam.com',
    '*.fabrikam.com',
    'matches, but the more specific ana@x.deep.fabrikam.com wins',
  ],
  ['a@y.deep.fabrikam.com', '*.fabrikam.com', 'matches, but the more specific *.deep.fabrikam.com wins'],
  ['a@bad.fabrikam.com', '*.fabrikam.com', 'matches, but "deny: bad.fabrikam.com" overrides every partner'],
  [
    'bo@x.deep.fabrikam.com',
    'ana@x.deep.fabrikam.com',
    'lists only this one address, not bo@x.deep.fabrikam.com',
  ],
  ['kim@gmail.com', 'deny: consumer', 'refuses gmail.com, but a partner lists this exact address'],
  ['kim@gmail.com', 'ana@gmail.com', 'lists only this one address, not kim@gmail.com'],
  ['a@litvare.com', 'litware.com', 'litvare.com looks like litware.com'],
  ['a@litwar.com', 'litware.com', 'litwar.com looks like litware.com'],
  ['a@litwaree.com', 'litware.com', 'litwaree.com looks like litware.com'],
  ['a@ltiware.com', 'litware.com', 'ltiware.com looks like litware.com'],
  ['a@x.fabrlkam.com', '*.fabrikam.com', 'x.fabrlkam.com looks like fabrikam.com'],
];

describe('explain', () => {
  it.each(CASES)('%s: %s %s', async (address, rule, why) => {
    const deny = { domains: ['bad.fabrikam.com', 'fake.com'], consumer: true };
    const explanation = explain(await aPolicy({ partners: PARTNERS, deny }), address);
    const others = explanation.ok ? explanation.others : [];
    expect(others).toContainEqual(expect.objectContaining({ rule, why }));
  });

  it('says nothing of rules that have nothing to do with the address', async () => {
    const policy = await aPolicy({ partners: PARTNERS });
    expect(explain(policy, 'a@nowhere.org')).toMatchObject({ ok: true, others: [] });
    expect(explain(policy, 'a@litware.com')).toMatchObject({ decision: { rule: 'litware.com' }, others: [] });
  });

  it('names the fault of an address, with the address to use instead', async () => {
    const explanation = explain(await aPolicy(), 'ana+x@contoso.com');
    expect(explanation).toEqual({ ok: false, fault: 'plus', suggestion: 'ana@contoso.com' });
    expect(explainFault('plus')).toMatch(/plus sign/);
  });

  it('takes about as long in a policy of 20,000 domains as in one of 200', async () => {
    const policyOf = (count: number) =>
      aPolicy({
        partners: [aPartner({ domains: Array.from({ length: count }, (_, index) => `company${index}.com`) })],
      });
    const [few, many] = [await policyOf(200), await policyOf(20_000)];
    expect(explain(many, 'a@compamy77.com')).toMatchObject({ others: [{ rule: 'company77.com' }] });
    const explained = (policy: typeof few) => () => {
      for (let count = 0; count < 50; count++) explain(policy, 'a@compamy77.com');
    };
    expect(await timesAsLong(explained(many), explained(few))).toBeLessThan(30);
  });
});
