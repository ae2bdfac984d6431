import type { Tenant } from './tenant.js';
import type { Visitor } from './visitor.js';

/** Object ids of the people who sign in at the portal, by what the simulated tenant made them for. */
export const STAFF = {
  /** Portal.Admin */
  ada: '55555555-0000-4000-8000-000000000001',
  /** Portal.Approver */
  arne: '55555555-0000-4000-8000-000000000002',
  /** Portal.Auditor */
  aud: '55555555-0000-4000-8000-000000000003',
  /** No role. */
  nils: '55555555-0000-4000-8000-000000000004',
  /** No role; a partner may name her as an approver. */
  lia: '55555555-0000-4000-8000-000000000005',
  /** No role; member of APPROVERS. */
  gro: '55555555-0000-4000-8000-000000000006',
} as const;

export type StaffName = keyof typeof STAFF;

/** A group that a partner may name as its approvers. */
export const APPROVERS = '22222222-0000-4000-8000-000000000009';

/** Asks to sign in, and lets the person say at the tenant who they are; returns the path to which they come back. */
export async function answerTenant(
  visitor: Visitor,
  tenant: Pick<Tenant, 'peopleUrl'>,
  oid: string,
  returnTo = '/admin',
): Promise<string> {
  return answerFrom(visitor, tenant, oid, `/sign-in?returnTo=${encodeURIComponent(returnTo)}`);
}

/** The same from any page of the portal that leads to a sign-in. */
export async function answerFrom(
  visitor: Visitor,
  tenant: Pick<Tenant, 'peopleUrl'>,
  oid: string,
  page: string,
): Promise<string> {
  const begun = await visitor.get(page);
  const authorizeUrl = begun.headers.location;
  if (authorizeUrl === undefined) throw new Error(`No way to the tenant: ${begun.status} ${begun.text}`);
  const answer = await fetch(`${tenant.peopleUrl}/control/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ oid, authorizeUrl }),
  });
  if (!answer.ok) throw new Error(`The tenant signs nobody in: ${await answer.text()}`);
  // It names the portal's public address, which in tests is another one than where it listens.
  const { pathname, search } = new URL(((await answer.json()) as { redirect: string }).redirect);
  return `${pathname}${search}`;
}

/** Signs somebody in. */
export async function signIn(
  visitor: Visitor,
  tenant: Pick<Tenant, 'peopleUrl'>,
  oid: string,
): Promise<void> {
  const back = await visitor.get(await answerTenant(visitor, tenant, oid));
  if (back.status !== 303) throw new Error(`The sign-in was answered with ${back.status}: ${back.text}`);
}
