import { randomBytes } from 'node:crypto';
import { accessOf, type Access, type Person } from '../../src/access/access.js';
import type { Deps } from '../../src/deps.js';
import { parseAddress } from '../../src/policy/address.js';
import { submit } from '../../src/requests/submit/submit.js';
import type { RequestRow } from '../../src/store/schema.js';
import { requestAt } from './ageRequest.js';

const oid = (number: number) => `55555555-0000-4000-8000-00000000000${number}`;

/** Somebody who has signed in, with the role of an approver; `overrides` replace members. */
export function aPerson(overrides: Partial<Person> = {}): Person {
  return {
    tid: '11111111-1111-4111-8111-111111111111',
    oid: oid(2),
    name: 'Arne Approver',
    username: 'arne@contoso.com',
    addresses: ['arne@contoso.com'],
    roles: ['Portal.Approver'],
    groups: [],
    ...overrides,
  };
}

/** What somebody may do by the policy in force. */
export function accessFor(deps: Deps, overrides: Partial<Person> = {}): Access {
  return accessOf(aPerson(overrides), deps.policy.current().policy);
}

/** Submits a request as the form does, and returns it with the token of its status page. */
export async function submitted(deps: Deps, email: string): Promise<RequestRow & { token: string }> {
  const parsed = parseAddress(email);
  if (!parsed.ok) throw new Error(parsed.fault);
  const application = {
    address: parsed.address,
    firstName: 'Ana',
    lastName: 'Lind',
    company: 'Fabrikam',
    reason: 'Orders in the CRM',
    language: 'en',
    acceptedTerms: null,
  };
  const { token } = await submit(deps, application, { browser: randomBytes(32), suspicions: [] });
  return { ...(await requestAt({ deps }, token)), token };
}
