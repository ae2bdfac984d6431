import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { openPolicyFile } from '../../src/policyFile/policyFile.js';
import { policyJsonSchema } from '../../src/policy/schema.js';
import { aDocument, aPartner } from './aPolicy.js';

const shipped = (name: string) => new URL(`../../policies/${name}`, import.meta.url);
const readJson = (name: string) => JSON.parse(readFileSync(shipped(name), 'utf8')) as Record<string, unknown>;

describe('the shipped example', () => {
  it('is a good policy of five partners, one for each way in, with terms of use', async () => {
    const file = await openPolicyFile(shipped('partners.json').pathname);
    file.close();
    const { policy, terms } = file.current();
    expect(policy.document.partners.map(({ id, approval, proof }) => [id, approval, proof])).toEqual([
      ['fabrikam', 'automatic', 'invitation'],
      ['litware', 'manual', 'invitation'],
      ['northwind', 'automatic', 'invitation'],
      ['wingtip', 'automatic', 'mailbox'],
      ['proseware', 'automatic', 'tenant'],
    ]);
    expect(terms?.texts.map(({ language, text }) => [language, text.split(' ')[1]])).toEqual([
      ['en', 'Terms'],
      ['sv', 'Användarvillkor'],
      ['de', 'Nutzungsbedingungen'],
    ]);
  });
});

const REFUSED: [overrides: Record<string, unknown>, fact: string][] = [
  [{ colour: 'red' }, 'an unknown key'],
  [{ unlisted: 'allow' }, 'a value that is none of the choices'],
  [{ partners: [aPartner({ tenantId: 'contoso' })] }, 'an id that is no GUID'],
  [{ partners: [aPartner({ invitation: { redirectUrl: 'http://a.com' } })] }, 'an insecure URL'],
];

describe('the JSON Schema', () => {
  const accepts = new Ajv2020({ strict: false }).compile(policyJsonSchema());

  it('is in step with the file beside the example; npm run policy -- schema prints it', () => {
    expect(readJson('policy.schema.json')).toEqual(policyJsonSchema());
  });

  it('accepts the example and the smallest document', () => {
    expect(accepts(readJson('partners.json'))).toBe(true);
    expect(accepts(aDocument())).toBe(true);
  });

  it.each(REFUSED)('refuses %j: %s', (overrides) => {
    expect(accepts(aDocument(overrides))).toBe(false);
  });

  it('describes every member, so that editors can help', () => {
    const undescribed: string[] = [];
    visit(policyJsonSchema(), '', undescribed);
    expect(undescribed).toEqual([]);
  });
});

type Node = {
  description?: string;
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node;
};

function visit(node: Node, path: string, undescribed: string[]): void {
  for (const [key, member] of Object.entries(node.properties ?? {})) {
    if (!member.description) undescribed.push(`${path}.${key}`);
    visit(member, `${path}.${key}`, undescribed);
  }
  if (typeof node.additionalProperties === 'object')
    visit(node.additionalProperties, `${path}.*`, undescribed);
  if (node.items) visit(node.items, `${path}[]`, undescribed);
}
