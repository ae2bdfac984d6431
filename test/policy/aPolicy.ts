import { compilePolicy, type Policy } from '../../src/policy/policy.js';
import { validatePolicy } from '../../src/policy/validate.js';

export const GROUP_ID = '22222222-0000-4000-8000-000000000001';
export const OTHER_ID = '22222222-0000-4000-8000-000000000002';

type Json = Record<string, unknown>;

/** A partner as it is written, with an app; `overrides` replace whole members. */
export function aPartner(overrides: Json = {}): Json {
  return { id: 'contoso', name: 'Contoso', domains: ['contoso.com'], apps: ['crm'], ...overrides };
}

/** A small good document as it is written; `overrides` replace whole members. */
export function aDocument(overrides: Json = {}): Json {
  return {
    version: 1,
    portal: { organization: 'Woodgrove', contact: 'partners@woodgrove.com' },
    groups: { staff: { id: GROUP_ID, name: 'Staff' } },
    apps: { crm: { name: 'CRM', url: 'https://crm.woodgrove.com', groups: ['staff'] } },
    partners: [aPartner()],
    ...overrides,
  };
}

/** A compiled policy; throws when the document is faulty. */
export async function aPolicy(overrides: Json = {}): Promise<Policy> {
  const validated = await validatePolicy(JSON.stringify(aDocument(overrides)));
  if (!validated.ok) throw new Error(JSON.stringify(validated.faults));
  return compilePolicy(validated.document);
}
