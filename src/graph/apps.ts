import type * as Microsoft from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import { unreadable, type FieldsOf, type Graph } from './graph.js';
import { GraphFault } from './graphFault.js';

const fields = {
  id: z.guid(),
  appId: z.string(),
  displayName: z.string().nullish(),
} satisfies FieldsOf<Microsoft.ServicePrincipal>;
const servicePrincipal = z.object(fields);

export type ServicePrincipal = z.infer<typeof servicePrincipal>;

/** Microsoft Graph itself: a role on it is a permission over the whole tenant. */
export const MICROSOFT_GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000';

/** @see https://learn.microsoft.com/graph/api/serviceprincipal-get */
export async function getServicePrincipal(
  graph: Graph,
  id: string,
  signal?: AbortSignal,
): Promise<ServicePrincipal> {
  const path = `/servicePrincipals/${id}?$select=${Object.keys(fields).join(',')}`;
  const { body, requestId } = await graph.call({ method: 'GET', path, ...(signal && { signal }) });
  const parsed = servicePrincipal.safeParse(body);
  if (!parsed.success) throw unreadable('The app could not be read', requestId, 'no');
  return parsed.data;
}

const ALREADY_ASSIGNED = 'already exists on the object';

/**
 * Assigns an app role to a person; an assignment that exists is a success.
 *
 * @see https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
 */
export async function assignAppRole(
  graph: Graph,
  role: { servicePrincipalId: string; appRoleId: string },
  principalId: string,
  signal?: AbortSignal,
): Promise<{ requestId: string | null }> {
  const { servicePrincipalId, appRoleId } = role;
  try {
    const { requestId } = await graph.call({
      method: 'POST',
      path: `/servicePrincipals/${servicePrincipalId}/appRoleAssignedTo`,
      body: { principalId, resourceId: servicePrincipalId, appRoleId },
      ...(signal && { signal }),
    });
    return { requestId };
  } catch (error) {
    if (
      error instanceof GraphFault &&
      error.kind === 'rejected' &&
      error.message.includes(ALREADY_ASSIGNED)
    ) {
      return { requestId: error.requestId };
    }
    throw error;
  }
}

/** A principal that the app's replica does not know yet: 400, though `GET /users/{id}` may work already. */
export function isNotReplicatedYet(error: GraphFault): boolean {
  return error.kind === 'rejected' && error.message.startsWith('Not a valid reference update');
}
