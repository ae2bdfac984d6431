import type * as Microsoft from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import { get, unreadable, type FieldsOf, type Graph } from './graph.js';

// The tenant itself, and what it says about invitations and about our own app registration.

const organizationFields = {
  id: z.guid(),
  displayName: z.string().nullish(),
  verifiedDomains: z.array(z.object({ name: z.string() } satisfies FieldsOf<Microsoft.VerifiedDomain>)),
} satisfies FieldsOf<Microsoft.Organization>;
const organizations = z.object({ value: z.tuple([z.object(organizationFields)]) });

export type Organization = {
  id: string;
  name: string;
  /** Lower case. */
  verifiedDomains: string[];
  /** When Graph answered, by its own clock; null when it did not say. */
  answeredAt: Date | null;
};

/** @see https://learn.microsoft.com/graph/api/organization-get */
export async function getOrganization(graph: Graph, signal?: AbortSignal): Promise<Organization> {
  const path = `/organization?$select=${Object.keys(organizationFields).join(',')}`;
  const { body, requestId, answeredAt } = await graph.call({ method: 'GET', path, signal });
  const parsed = organizations.safeParse(body);
  if (!parsed.success) throw unreadable('The organisation could not be read', requestId, 'no');
  const [{ id, displayName, verifiedDomains }] = parsed.data.value;
  return {
    id,
    name: displayName ?? id,
    verifiedDomains: verifiedDomains.map(({ name }) => name.toLowerCase()),
    answeredAt,
  };
}

const authorizationPolicy = z.object({
  allowInvitesFrom: z.string(),
} satisfies FieldsOf<Microsoft.AuthorizationPolicy>);

/**
 * Who may invite guests: `none`, `adminsAndGuestInviters`, `adminsGuestInvitersAndAllMembers` or `everyone`. Takes
 * Policy.Read.All.
 *
 * @see https://learn.microsoft.com/graph/api/authorizationpolicy-get
 */
export async function getAllowInvitesFrom(graph: Graph, signal?: AbortSignal): Promise<string> {
  const path = '/policies/authorizationPolicy?$select=allowInvitesFrom';
  return (await get(graph, path, authorizationPolicy, { signal })).allowInvitesFrom;
}

const registration = z.object({
  passwordCredentials: z.array(
    z.object({
      hint: z.string().nullish(),
      endDateTime: z.coerce.date(),
    } satisfies FieldsOf<Microsoft.PasswordCredential>),
  ),
  groupMembershipClaims: z.string().nullish(),
  signInAudience: z.string().nullish(),
  web: z
    .object({
      redirectUris: z.array(z.string()).nullish(),
    } satisfies FieldsOf<Microsoft.WebApplication>)
    .nullish(),
} satisfies FieldsOf<Microsoft.Application>);

/**
 * An app registration: its secrets, each with its first three characters, which groups its tokens name, whose accounts may sign in
 * (`AzureADMyOrg`, `AzureADMultipleOrgs` …) and where they come back to.
 */
export type Registration = z.infer<typeof registration>;

/**
 * Takes Application.Read.All.
 *
 * @see https://learn.microsoft.com/graph/api/application-get
 */
export function getRegistration(graph: Graph, clientId: string, signal?: AbortSignal): Promise<Registration> {
  const select = Object.keys(registration.shape).join(',');
  return get(graph, `/applications(appId='${clientId}')?$select=${select}`, registration, { signal });
}
