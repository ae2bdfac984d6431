import { domainToASCII } from 'node:url';
import { parseAddress } from '../../../src/policy/address.js';
import { decide } from '../../../src/policy/decide.js';
import { didYouMean } from '../../../src/policy/lookAlikes/didYouMean.js';
import { explain } from '../../../src/policy/explain.js';
import { describe as inWords } from '../../../src/policy/describe.js';
import { aPartner, aPolicy } from '../aPolicy.js';

const POLICY = {
  partners: [
    aPartner({ id: 'fabrikam', domains: ['fabrikam.com', '*.fabrikam.com', 'fabrikam.de'] }),
    aPartner({ id: 'north', domains: ['north-wind.co.uk'] }),
    aPartner({ id: 'proof', domains: ['mail.proseware.com'], proof: 'mailbox' }),
    aPartner({ id: 'below', domains: ['*.litware.com'] }),
    aPartner({ id: 'off', domains: ['tailspin.com'], enabled: false }),
    aPartner({ id: 'short', domains: ['aba.com', 'shell.com', 'clear.com', 'o2.com'] }),
    aPartner({ id: 'number', domains: ['studio54.com', 'company77.com'] }),
    aPartner({ id: 'person', domains: ['kim@adventure.com'] }),
    aPartner({ id: 'shared', domains: ['contoso.onmicrosoft.com'] }),
    aPartner({ id: 'umlaut', domains: ['xn--mllerbau-n4a.de'] }),
  ],
  deny: { domains: ['fabrikam.net', '*.fabrikam-evil.com'], consumer: true, disposable: true },
  unlisted: 'review',
};

/** The domain as it is written in a mail address. */
const ascii = (domain: string) => domainToASCII(domain);

const LOOK_ALIKES: [domain: string, near: string, suggested: string | null, fact: string][] = [
  ['fabrkam.com', 'fabrikam.com', 'fabrikam.com', 'a letter missing'],
  ['fabrikamm.com', 'fabrikam.com', 'fabrikam.com', 'a letter twice'],
  ['fabirkam.com', 'fabrikam.com', 'fabrikam.com', 'two letters swapped'],
  ['fabrikan.com', 'fabrikam.com', 'fabrikam.com', 'the key beside it'],
  ['fabricam.com', 'fabrikam.com', 'fabrikam.com', 'another letter'],
  ['afabrikam.com', 'fabrikam.com', 'fabrikam.com', 'a letter in front'],
  ['abrikam.com', 'fabrikam.com', 'fabrikam.com', 'the first letter missing'],
  ['fabrika.com', 'fabrikam.com', 'fabrikam.com', 'the last letter missing'],
  ['fabri-kam.com', 'fabrikam.com', 'fabrikam.com', 'a hyphen too many'],
  ['northwind.co.uk', 'north-wind.co.uk', 'north-wind.co.uk', 'a hyphen missing'],
  ['fabri.kam.com', 'fabrikam.com', 'fabrikam.com', 'a dot too many'],
  ['fabrikamc.om', 'fabrikam.com', 'fabrikam.com', 'a dot elsewhere'],
  ['mailproseware.com', 'mail.proseware.com', 'mail.proseware.com', 'a dot missing'],
  ['fabr1kam.com', 'fabrikam.com', 'fabrikam.com', '1 for i'],
  ['fabrlkarn.com', 'fabrikam.com', 'fabrikam.com', 'l for i and rn for m'],
  ['north-vvind.co.uk', 'north-wind.co.uk', 'north-wind.co.uk', 'vv for w'],
  ['n0rth-w1nd.co.uk', 'north-wind.co.uk', 'north-wind.co.uk', 'two digits for letters'],
  ['prosevvare.com', 'proseware.com', null, 'below the name, of which only a part is listed'],
  ['fabrikam.co', 'fabrikam.com', 'fabrikam.com', 'another top-level domain'],
  ['fabrikam.cm', 'fabrikam.com', 'fabrikam.com', 'a top-level domain one slip away'],
  ['fabrikam.dk', 'fabrikam.de', 'fabrikam.de', 'the nearer of two top-level domains'],
  ['fabrikam.con', 'fabrikam.com', 'fabrikam.com', 'a top-level domain that does not exist'],
  ['fabrikam.com.au', 'fabrikam.com', 'fabrikam.com', 'a public suffix of two labels'],
  ['fabrikam.github.io', 'fabrikam.com', 'fabrikam.com', 'a name that anybody gets from a host'],
  ['fabrikam.onmicrosoft.com', 'fabrikam.com', 'fabrikam.com', 'a name that any tenant may take'],
  [
    'mail.fabrlkam.com',
    'fabrikam.com',
    'mail.fabrikam.com',
    'the label in front is kept where that is listed',
  ],
  ['mail.north-wlnd.co.uk', 'north-wind.co.uk', 'north-wind.co.uk', 'and left out where it is not'],
  ['litvare.com', 'litware.com', null, 'only what is below is listed'],
  ['x.litvare.com', 'litware.com', 'x.litware.com', 'and meant'],
  ['tallspin.com', 'tailspin.com', null, 'the partner is switched off, so there is nothing to suggest'],
  ['fabrikam.com.evil.net', 'fabrikam.com', null, 'the whole domain in front of another'],
  ['mail.fabr1kam.com.evil.net', 'fabrikam.com', null, 'the same, with a digit for a letter'],
  ['fabrikam-com.evil.net', 'fabrikam.com', null, 'the same, with a hyphen'],
  ['north-wind.co.uk.evil.net', 'north-wind.co.uk', null, 'the same, of four pieces'],
  ['aba.com.evil.net', 'aba.com', null, 'a short domain in front of another'],
  ['fabrikam-login.com', 'fabrikam.com', null, 'the name before a hyphen'],
  ['login-fabrikam.org', 'fabrikam.com', null, 'the name behind a hyphen'],
  ['my-north-wind-login.com', 'north-wind.co.uk', null, 'a name with a hyphen between two'],
  [ascii('fаbrikam.com'), 'fabrikam.com', 'fabrikam.com', 'a Cyrillic a'],
  [ascii('fаbrіkам.com'), 'fabrikam.com', 'fabrikam.com', 'several Cyrillic letters'],
  [ascii('fαbrικαm.com'), 'fabrikam.com', 'fabrikam.com', 'Greek letters'],
  [ascii('fábrikäm.com'), 'fabrikam.com', 'fabrikam.com', 'accents'],
  [ascii('fabriꝁam.com'), 'fabrikam.com', 'fabrikam.com', 'one letter that no table has'],
  [ascii('fabrıkam.net'), 'fabrikam.com', 'fabrikam.com', 'a dotless i at another top-level domain'],
  ['mullerbau.de', 'xn--mllerbau-n4a.de', 'xn--mllerbau-n4a.de', 'a listed umlaut left out'],
  ['02.com', 'o2.com', 'o2.com', 'a digit for a letter in a short name'],
  ['shel1.com', 'shell.com', 'shell.com', 'the same at the end'],
  [ascii('аbа.com'), 'aba.com', 'aba.com', 'Cyrillic letters in a short name'],
  ['aba.con', 'aba.com', 'aba.com', 'a short name at a top-level domain that does not exist'],
  ['studoi54.com', 'studio54.com', 'studio54.com', 'a slip beside a number'],
  ['contos0.onmicrosoft.com', 'contoso.onmicrosoft.com', 'contoso.onmicrosoft.com', 'a name of a tenant'],
];

const OTHERS: [domain: string, rule: string, fact: string][] = [
  ['fabrikam.com', 'fabrikam.com', 'a listed domain'],
  ['mail.fabrikam.com', '*.fabrikam.com', 'below a wildcard'],
  ['litware.com', 'unlisted', 'the owner of what is listed below it'],
  ['sales.north-wind.co.uk', 'unlisted', 'below a listed domain: the same owner'],
  ['fabrikam.net', 'deny: fabrikam.net', 'a denial goes first'],
  ['x.fabrikam-evil.com', 'deny: *.fabrikam-evil.com', 'so does a denied wildcard'],
  ['gmail.com', 'deny: consumer', 'and a public provider'],
  ['abb.com', 'unlisted', 'a short name one letter away'],
  ['aba.org', 'unlisted', 'a short name at another top-level domain'],
  ['aba.com.au', 'unlisted', 'a short name at a longer public suffix'],
  ['aba-group.com', 'unlisted', 'a short name within another'],
  ['shelf.com', 'unlisted', 'five letters, one of them another'],
  ['dear.com', 'unlisted', 'd reads as cl, and both are words'],
  ['studio55.com', 'unlisted', 'a number tells names apart'],
  ['company7.com', 'unlisted', 'a digit less'],
  ['company777.com', 'unlisted', 'a digit more'],
  ['fabricam.org', 'unlisted', 'a slip and another top-level domain'],
  ['farbricam.com', 'unlisted', 'two slips'],
  ['evilfabrikam.com', 'unlisted', 'a word that goes on'],
  ['fabrikam.evil.net', 'unlisted', 'the bare name in front of another domain'],
  ['adatum.onmicrosoft.com', 'unlisted', 'another tenant'],
  ['adventvre.com', 'unlisted', 'a domain of which one address is listed'],
  ['somewhere.org', 'unlisted', 'a stranger'],
];

const addressAt = (domain: string) => {
  const parsed = parseAddress(`ana@${domain}`);
  if (!parsed.ok) throw new Error(`${domain}: ${parsed.fault}`);
  return parsed.address;
};

describe('a domain that looks like a listed one', () => {
  it.each(LOOK_ALIKES)('%s is refused for %s and answered with %s: %s', async (domain, near, suggested) => {
    const policy = await aPolicy(POLICY);
    const address = addressAt(domain);
    const decision = decide(policy, { address });
    expect(decision).toMatchObject({ outcome: 'deny', partner: null, rule: 'deny: look-alike' });
    expect(decision.reasons).toEqual([{ code: 'denied.lookAlike', domain: address.domain, near }]);
    const suggestion = suggested === null ? null : `ana@${suggested}`;
    expect(didYouMean(policy, address)).toEqual({ suggestion });
    // What is suggested is let in, or leads to a proof.
    if (suggested !== null)
      expect(decide(policy, { address: addressAt(suggested) }).outcome).not.toBe('deny');
  });

  it.each(OTHERS)('is not %s, for which %s counts: %s', async (domain, rule) => {
    const policy = await aPolicy(POLICY);
    const address = addressAt(domain);
    expect(decide(policy, { address }).rule).toBe(rule);
    expect(didYouMean(policy, address)).toBeNull();
  });

  it('stays refused whatever has been proved', async () => {
    const policy = await aPolicy(POLICY);
    const address = addressAt('fabr1kam.com');
    expect(decide(policy, { address, proven: 'tenant' }).outcome).toBe('deny');
  });

  it('is let in once a partner lists it', async () => {
    const partners = [...POLICY.partners, aPartner({ id: 'other', domains: ['fabrikam-login.com'] })];
    const policy = await aPolicy({ ...POLICY, partners });
    expect(decide(policy, { address: addressAt('fabrikam-login.com') }).partner).toBe('other');
  });

  it('is explained to admins, with the rule it comes near', async () => {
    const explanation = explain(await aPolicy(POLICY), 'ana@fabr1kam.com');
    expect(inWords(explanation).split('\n')).toEqual([
      'ana@fabr1kam.com: refused (deny)',
      '  partner  none',
      '  rule     deny: look-alike',
      "  why      fabr1kam.com looks like fabrikam.com, which a partner lists, but it's a different domain.",
      '  not      fabrikam.com of fabrikam: fabr1kam.com looks like fabrikam.com',
    ]);
  });

  it('is near misses only, for short names: an admin is told, nobody is refused', async () => {
    const explanation = explain(await aPolicy(POLICY), 'ana@abb.com');
    expect(explanation).toMatchObject({
      decision: { outcome: 'review', rule: 'unlisted' },
      others: [{ rule: 'aba.com', why: 'abb.com looks like aba.com' }],
    });
  });
});
