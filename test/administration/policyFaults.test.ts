import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { previewPolicy } from '../../src/administration/previewPolicy.js';
import { loadLanguages } from '../../src/language.js';
import { POLICY_FAULTS, type PolicyFault, type PolicyFaultCode } from '../../src/policy/policyFault.js';
import { faultText, formatFault } from '../../src/policyFile/faultTexts.js';
import { faultsOf, proofFaults, readPolicy } from '../../src/policyFile/policyReading.js';
import { aPartner, aPolicy, GROUPS, PORTAL, SPONSOR, WIKI } from '../support/aPolicy.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { accessFor, aProposal, edit } from './aProposal.js';

let portal: TestPortal;

beforeAll(async () => {
  // Only what is new is looked up: the groups that a fault needs are not in the policy yet.
  const groups = {
    partners: { id: GROUPS.partners, name: 'Partners' },
    crm: { id: GROUPS.crm, name: 'CRM' },
  };
  portal = await startPortal({ worker: false, policy: aPolicy({ groups }) });
  const { graph } = portal.deps;
  await graph.call({
    method: 'POST',
    path: `/servicePrincipals/${PORTAL.servicePrincipalId}/appRoleAssignedTo`,
    body: {
      principalId: GROUPS.wiki,
      resourceId: PORTAL.servicePrincipalId,
      appRoleId: PORTAL.appRoleId,
    },
  });
});
afterAll(() => portal.close());

type Json = Record<string, unknown>;
type Faults = () => Promise<PolicyFault[]>;

const inFolder = (name: string) => join(dirname(portal.policyFile), name);

/** What the portal says of a file with these contents, where it has no mail server. */
const text =
  (contents: string | Buffer): Faults =>
  async () => {
    await writeFile(inFolder('tried.json'), contents);
    return faultsOf(await readPolicy(inFolder('tried.json'), proofFaults(false)));
  };
const policy = (overrides: Json): Faults => text(JSON.stringify(aPolicy(overrides)));
const about = (members: Json) =>
  policy({ portal: { organization: 'Contoso', contact: 'partners@contoso.com', ...members } });
const terms = (name: string, make: (path: string) => Promise<unknown>): Faults => {
  const read = about({ terms: name });
  return async () => {
    await make(inFolder(name));
    return read();
  };
};
const group = (members: Json) =>
  policy({ groups: { g: { id: GROUPS.crm, name: 'G', ...members } }, apps: {} });
const app = (members: Json) =>
  policy({ apps: { crm: { name: 'CRM', url: 'https://crm.contoso.com', groups: ['crm'], ...members } } });
const partner = (members: Json) => policy({ partners: [aPartner(members)] });
const rule = (...domains: string[]) => partner({ domains });
const invitation = (members: Json) => partner({ invitation: members });
/** What the directory says of a new group or app. */
const directory =
  (section: 'groups' | 'apps', members: Json): Faults =>
  async () => {
    const { deps } = portal;
    const value = { name: 'New', ...members };
    const proposal = aProposal(deps, edit([section, 'fresh'], value));
    return (await previewPolicy(deps, accessFor(deps), proposal))?.faults ?? [];
  };
const role = { url: 'https://new.contoso.com', appRoleId: WIKI.appRoleId };
const MISSING = '22222222-0000-4000-8000-00000000ffff';

/** A way to each fault, through the check that a file or a change really takes. */
const WAYS: Record<PolicyFaultCode, Faults> = {
  'file.missing': async () => faultsOf(await readPolicy(inFolder('none.json'), () => [])),
  'file.notFile': async () => faultsOf(await readPolicy(dirname(portal.policyFile), () => [])),
  'file.tooLarge': text(' '.repeat(16 * 1024 * 1024 + 1)),
  'file.notText': text(Buffer.from([0xff, 0xfe])),
  'file.unreadable': async () => faultsOf(await readPolicy(join(portal.policyFile, 'x.json'), () => [])),

  'json.value': text('{"version": }'),
  'json.valueOrEnd': text('{"partners": [,]}'),
  'json.key': text('{"version": 1,}'),
  'json.keyOrEnd': text('{version: 1}'),
  'json.colon': text('{"version" 1}'),
  'json.commaOrBrace': text('{"version": 1 "portal": {}}'),
  'json.commaOrBracket': text('{"partners": [1 2]}'),
  'json.end': text('{} // done'),
  'json.endsEarly': text('{"version": 1'),
  'json.string': text('{"version": "1\n"}'),

  missing: policy({ portal: undefined }),
  unknownKey: policy({ colour: 'red' }),
  'type.text': about({ organization: 7 }),
  'type.list': policy({ partners: {} }),
  'type.object': policy({ portal: [] }),
  'type.textOrTexts': about({ welcome: ['Hello'] }),
  'type.flag': policy({ deny: { consumer: 'yes' } }),
  oneOf: policy({ unlisted: 'maybe' }),
  version: policy({ version: 2 }),
  'key.malformed': policy({ groups: { 'a b': { id: GROUPS.crm, name: 'G' } }, apps: {} }),
  'key.twice': text(JSON.stringify(aPolicy()).replace(/^\{/, '{"unlisted":"deny","unlisted":"deny",')),
  'key.reserved': text(JSON.stringify(aPolicy()).replace('"groups":{', '"groups":{"__proto__":{},')),

  'organization.missing': about({ organization: '' }),
  'organization.tooLong': about({ organization: 'x'.repeat(101) }),
  'organization.character': about({ organization: 'Con\ntoso' }),
  contact: about({ contact: 'us' }),
  'welcome.missing': about({ welcome: { en: 'Hello', sv: ' ' } }),
  'welcome.tooLong': about({ welcome: 'x'.repeat(2001) }),
  'welcome.character': about({ welcome: 'Hel\0lo' }),
  logo: about({ logo: 'http://contoso.com/logo.png' }),
  colour: about({ colour: 'blue' }),
  'reviewers.address': about({ reviewers: ['us'] }),
  redirectHosts: policy({ redirectHosts: ['https://x.com/'] }),
  'reviewers.tooMany': about({ reviewers: Array(21).fill('desk@contoso.com') }),
  'texts.none': about({ welcome: {} }),
  'textLanguage.missing': about({ welcome: { '': 'Hello', sv: 'Hej' } }),
  'textLanguage.unknown': about({ welcome: { english: 'Hello' } }),
  'textLanguage.otherTag': about({ welcome: { 'en-gb': 'Hello' } }),
  'terms.path': about({ terms: '../terms.md' }),
  'terms.empty': terms('empty.md', (path) => writeFile(path, ' \n')),
  'terms.missing': about({ terms: 'none.md' }),
  'terms.notFile': terms('folder.md', (path) => mkdir(path)),
  'terms.tooLarge': terms('large.md', (path) => writeFile(path, ' '.repeat(16 * 1024 * 1024 + 1))),
  'terms.notText': terms('binary.md', (path) => writeFile(path, Buffer.from([0xff, 0xfe]))),
  'terms.unreadable': about({ terms: 'partners.json/terms.md' }),

  'name.missing': partner({ name: '' }),
  'name.tooLong': partner({ name: 'x'.repeat(257) }),
  'name.character': partner({ name: 'Fab\nrikam' }),

  'group.id': group({ id: 'crm' }),
  'group.unknown': partner({ groups: ['none'] }),
  'group.approvers': partner({ approvers: [GROUPS.crm] }),

  'app.unknown': partner({ apps: ['none'] }),
  'app.unreachable': app({ groups: [] }),
  'url.notHttps': app({ url: 'http://crm.contoso.com' }),
  'url.malformed': app({ url: 'https://ana:pw@crm.contoso.com' }),
  'servicePrincipalId.malformed': app({ ...WIKI, servicePrincipalId: 'wiki' }),
  'servicePrincipalId.missing': app({ appRoleId: WIKI.appRoleId }),
  'appRoleId.malformed': app({ ...WIKI, appRoleId: 'reader' }),
  'appRoleId.missing': app({ servicePrincipalId: WIKI.servicePrincipalId }),

  'id.malformed': partner({ id: 'a/b' }),
  'id.taken': policy({ partners: [aPartner(), aPartner({ domains: ['b.com'] })] }),
  'domains.missing': rule(),
  'rule.missing': rule(''),
  'rule.space': rule('fabri kam.com'),
  'rule.invisible': rule('fabri\u200bkam.com'),
  'rule.notAscii': rule('fabrikäm'),
  'rule.encoded': rule('bücher.de'),
  'rule.several': rule('a.com,b.com'),
  'rule.address': rule('@fabrikam.com'),
  'rule.otherAddress': rule('ana+x@fabrikam.com'),
  'rule.malformed': rule('https://fabrikam.com'),
  'rule.tooWide': rule('*.com'),
  'rule.twice': rule('a.com', 'a.com'),
  'rule.denied': rule('competitor.com'),
  'rule.consumer': rule('gmail.com'),
  'rule.disposable': policy({
    deny: { disposable: true },
    partners: [aPartner({ domains: ['mailinator.com'] })],
  }),
  tenantId: partner({ tenantId: 'fabrikam' }),
  needsMail: partner({ proof: 'mailbox' }),
  'redirectUrl.missing': partner({ apps: [] }),
  'redirectUrl.notHttps': invitation({ redirectUrl: 'http://a.com' }),
  'redirectUrl.malformed': invitation({ redirectUrl: 'https://' }),
  'message.tooLong': invitation({ message: 'x'.repeat(2001) }),
  'message.character': invitation({ message: 'H\0' }),
  language: invitation({ language: 'Swedish' }),
  'sponsors.id': invitation({ sponsors: ['ana'] }),
  'sponsors.tooMany': invitation({ sponsors: Array(6).fill(SPONSOR) }),
  'approvers.id': partner({ approvers: ['ana'] }),
  perDay: partner({ limits: { perDay: 0 } }),
  perHour: partner({ limits: { perHour: 'many' } }),
  total: partner({ limits: { total: 1.5 } }),

  'directory.noGroup': directory('groups', { id: MISSING }),
  'directory.roleAssignable': directory('groups', { id: GROUPS.roleAssignable }),
  'directory.dynamic': directory('groups', { id: GROUPS.dynamic }),
  'directory.onPremises': directory('groups', { id: GROUPS.onPremises }),
  'directory.mailEnabled': directory('groups', { id: GROUPS.distribution }),
  'directory.portalRole': directory('groups', { id: GROUPS.wiki }),
  'directory.noApp': directory('apps', { ...role, servicePrincipalId: MISSING }),
  'directory.microsoftGraph': directory('apps', {
    ...role,
    servicePrincipalId: '33333333-0000-4000-8000-000000000003',
  }),
  'directory.portalItself': directory('apps', { ...role, servicePrincipalId: PORTAL.servicePrincipalId }),

  more: rule(...Array.from({ length: 30 }, (_, index) => `${index} .com`)),
};

const languages = loadLanguages();
const english = languages.translate('en');
const codes = Object.keys(POLICY_FAULTS) as PolicyFaultCode[];

describe.each(codes)('the fault %s', (code) => {
  test('occurs, and has a sentence in every language', async () => {
    const fault = (await WAYS[code]()).find((one) => one.code === code);
    if (!fault) throw new Error('It did not occur');
    for (const language of languages.available) {
      const sentence = faultText(languages.translate(language), fault);
      expect(sentence).not.toMatch(/policyFault|\{\{|undefined|\.$/);
      for (const value of Object.values(fault.values)) expect(sentence).toContain(String(value));
      if (language !== 'en') expect(sentence).not.toBe(faultText(english, fault));
    }
  });
});

test('a line for people names the path, the sentence and the place', async () => {
  const [fault] = await rule('fabrikam.com', '*.com')();
  if (!fault) throw new Error('There is no fault');
  const column = JSON.stringify(
    aPolicy({ partners: [aPartner({ domains: ['fabrikam.com', '*.com'] })] }),
  ).indexOf('"*.com"');
  expect(formatFault(english, fault)).toBe(
    'partners[0].domains[1]: Choose a narrower domain than “*.com”: anyone can register a name below com ' +
      `(line 1, column ${column + 1})`,
  );
  expect(formatFault(languages.translate('de'), fault)).toContain('(Zeile 1, Spalte');
});
