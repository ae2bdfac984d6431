import type * as Microsoft from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import { addUnlessThere, get, pagesOf, removeIfThere, type FieldsOf, type Graph } from './graph.js';
import { unlessMissing, type GraphFault } from './graphFault.js';
import { findByIds, search, type Page, type SearchOptions } from './search.js';

const fields = {
  id: z.guid(),
  appId: z.string(),
  displayName: z.string().nullish(),
} satisfies FieldsOf<Microsoft.ServicePrincipal>;
const servicePrincipal = z.object(fields);

export type ServicePrincipal = z.infer<typeof servicePrincipal>;

const MICROSOFT_GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000';

/**
 * Why a guest must never get a role on an app, whatever the policy says: one on Microsoft Graph is a permission over the
 * whole tenant, one on the portal makes them its admin.
 */
export function forbiddenApp(
  { ownAppId }: Pick<Graph, 'ownAppId'>,
  { appId }: Pick<ServicePrincipal, 'appId'>,
): 'microsoftGraph' | 'portalItself' | null {
  if (appId.toLowerCase() === MICROSOFT_GRAPH_APP_ID) return 'microsoftGraph';
  return appId.toLowerCase() === ownAppId.toLowerCase() ? 'portalItself' : null;
}

/** @see https://learn.microsoft.com/graph/api/serviceprincipal-get */
export function getServicePrincipal(
  graph: Graph,
  id: string,
  signal?: AbortSignal,
): Promise<ServicePrincipal> {
  const path = `/servicePrincipals/${id}?$select=${Object.keys(fields).join(',')}`;
  return get(graph, path, servicePrincipal, { signal });
}

const appFields = {
  ...fields,
  homepage: z.string().nullish(),
  appRoles: z
    .array(
      z.object({
        id: z.guid(),
        value: z.string().nullish(),
        displayName: z.string().nullish(),
        allowedMemberTypes: z.array(z.string()).nullish(),
        isEnabled: z.boolean().nullish(),
      } satisfies FieldsOf<Microsoft.AppRole>),
    )
    .nullish(),
} satisfies FieldsOf<Microsoft.ServicePrincipal>;
const app = z.object(appFields);

const APP_SELECT = Object.keys(appFields).join(',');

/** Stands for "assigned, without a role", where an app declares no roles of its own. */
const DEFAULT_APP_ROLE = '00000000-0000-0000-0000-000000000000';

/** An app of the tenant with the roles that people may be assigned to. */
export type App = {
  servicePrincipalId: string;
  name: string;
  homepage: string | null;
  roles: { id: string; name: string }[];
  /** Why nobody may be given a role on it; null when nothing is against it. */
  obstacle: ReturnType<typeof forbiddenApp> | 'noRole';
};

/**
 * Apps with a word of the name that begins with `text`.
 *
 * @throws {MalformedCursor}
 * @see https://learn.microsoft.com/graph/api/serviceprincipal-list
 */
export async function searchApps(
  graph: Graph,
  text: string,
  options: SearchOptions = {},
): Promise<Page<App>> {
  const { items, next } = await search(graph, {
    path: '/servicePrincipals',
    properties: ['displayName'],
    select: APP_SELECT,
    item: app,
    text,
    ...options,
  });
  return { items: items.map((item) => toApp(graph, item)), next };
}

/** One app by the object id of its service principal. */
export async function getApp(graph: Graph, id: string, signal?: AbortSignal): Promise<App> {
  const path = `/servicePrincipals/${id}?$select=${APP_SELECT}`;
  return toApp(graph, await get(graph, path, app, { signal }));
}

const checkedFields = {
  ...appFields,
  accountEnabled: z.boolean().nullish(),
} satisfies FieldsOf<Microsoft.ServicePrincipal>;
const checkedApp = z.object(checkedFields);

/** Why an app role cannot be assigned to guests; null when nothing is against it. */
export function roleObstacle(
  graph: Pick<Graph, 'ownAppId'>,
  { appId, accountEnabled, appRoles }: z.infer<typeof checkedApp>,
  appRoleId: string,
):
  | NonNullable<ReturnType<typeof forbiddenApp>>
  | 'disabled'
  | 'roleMissing'
  | 'roleDisabled'
  | 'roleNotForUsers'
  | null {
  const forbidden = forbiddenApp(graph, { appId });
  if (forbidden) return forbidden;
  if (accountEnabled === false) return 'disabled';
  if (appRoleId === DEFAULT_APP_ROLE) return appRoles?.length ? 'roleMissing' : null;
  const role = appRoles?.find(({ id }) => id === appRoleId);
  if (!role) return 'roleMissing';
  if (!role.isEnabled) return 'roleDisabled';
  return role.allowedMemberTypes?.includes('User') ? null : 'roleNotForUsers';
}

/** The service principals with these ids that exist, by id. */
export function findServicePrincipals(
  graph: Graph,
  ids: string[],
  signal?: AbortSignal,
): Promise<Map<string, z.infer<typeof checkedApp>>> {
  const select = Object.keys(checkedFields).join(',');
  const path = '/servicePrincipals';
  return findByIds(graph, { path, select, item: checkedApp, ids, signal });
}

/**
 * The app of this tenant with an application id; null without one.
 *
 * @throws {GraphFault}
 * @see https://learn.microsoft.com/graph/api/serviceprincipal-get
 */
export function findAppByAppId(
  graph: Graph,
  appId: string,
  signal?: AbortSignal,
): Promise<z.infer<typeof checkedApp> | null> {
  const select = Object.keys(checkedFields).join(',');
  const path = `/servicePrincipals(appId='${appId}')?$select=${select}`;
  return unlessMissing(() => get(graph, path, checkedApp, { signal }));
}

function toApp(graph: Graph, { id, appId, displayName, homepage, appRoles }: z.infer<typeof app>): App {
  const declared = appRoles ?? [];
  const roles = declared
    .filter(({ isEnabled, allowedMemberTypes }) => isEnabled && allowedMemberTypes?.includes('User'))
    .map((role) => ({ id: role.id, name: role.displayName ?? role.value ?? role.id }));
  const none = declared.length > 0 && roles.length === 0;
  return {
    servicePrincipalId: id,
    name: displayName ?? id,
    homepage: homepage ?? null,
    // An app without any roles takes the default one; one that only has roles for other apps takes nobody.
    roles: declared.length === 0 ? [{ id: DEFAULT_APP_ROLE, name: '' }] : roles,
    obstacle: forbiddenApp(graph, { appId }) ?? (none ? 'noRole' : null),
  };
}

const ALREADY_ASSIGNED = 'already exists on the object';

/**
 * Assigns an app role to a person; an assignment that exists is a success.
 *
 * @returns whether it was assigned now
 * @throws {GraphFault}
 * @see https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto
 */
export function assignAppRole(
  graph: Graph,
  role: { servicePrincipalId: string; appRoleId: string },
  principalId: string,
  signal?: AbortSignal,
): Promise<{ added: boolean; requestId: string | null }> {
  const { servicePrincipalId, appRoleId } = role;
  const path = `/servicePrincipals/${servicePrincipalId}/appRoleAssignedTo`;
  const body = { principalId, resourceId: servicePrincipalId, appRoleId };
  const shape = z.object({
    principalId: sameId(principalId),
    resourceId: sameId(servicePrincipalId),
    appRoleId: sameId(appRoleId),
  } satisfies FieldsOf<Microsoft.AppRoleAssignment>);
  return addUnlessThere(graph, { path, body, signal }, { status: 201, shape }, ALREADY_ASSIGNED);
}

const assignment = z.object({
  id: z.string(),
  principalId: z.guid(),
  appRoleId: z.guid(),
} satisfies FieldsOf<Microsoft.AppRoleAssignment>);
const ASSIGNMENTS_A_PAGE = 999;
const MOST_PAGES = 20;

/** An app role that a person or a group holds. */
export type AppRoleAssignment = z.infer<typeof assignment>;

const roleOfUser = z.object({
  id: z.string(),
  resourceId: z.guid(),
  appRoleId: z.guid(),
} satisfies FieldsOf<Microsoft.AppRoleAssignment>);

/** An app role of one user; `resourceId` is the service principal. */
export type AppRoleOfUser = z.infer<typeof roleOfUser>;

/**
 * Who holds a role of an app, as far as twenty pages of 999 show. Removing one takes the id of the assignment.
 *
 * @throws {GraphFault}
 * @see https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto
 */
export async function findAppRoleAssignments(
  graph: Graph,
  servicePrincipalId: string,
  signal?: AbortSignal,
): Promise<AppRoleAssignment[]> {
  const found: AppRoleAssignment[] = [];
  const path = `/servicePrincipals/${servicePrincipalId}/appRoleAssignedTo?$top=${ASSIGNMENTS_A_PAGE}`;
  const pages = pagesOf(graph, path, assignment, { most: MOST_PAGES, signal });
  for await (const page of pages) found.push(...page);
  return found;
}

/**
 * The app roles that a user has directly, on all apps.
 *
 * @throws {GraphFault}
 * @see https://learn.microsoft.com/graph/api/user-list-approleassignments
 */
export async function findRolesOfUser(
  graph: Graph,
  userId: string,
  signal?: AbortSignal,
): Promise<AppRoleOfUser[]> {
  const found: AppRoleOfUser[] = [];
  const path = `/users/${userId}/appRoleAssignments?$top=${ASSIGNMENTS_A_PAGE}`;
  for await (const page of pagesOf(graph, path, roleOfUser, { most: MOST_PAGES, signal }))
    found.push(...page);
  return found;
}

/**
 * Takes an app role away; one that is gone is a success.
 *
 * @returns whether it was taken away now
 * @throws {GraphFault}
 * @see https://learn.microsoft.com/graph/api/serviceprincipal-delete-approleassignedto
 */
export function removeAppRole(
  graph: Graph,
  servicePrincipalId: string,
  assignmentId: string,
  signal?: AbortSignal,
): Promise<{ removed: boolean; requestId: string | null }> {
  const path = `/servicePrincipals/${servicePrincipalId}/appRoleAssignedTo/${encodeURIComponent(assignmentId)}`;
  return removeIfThere(graph, { path, signal });
}

function sameId(id: string) {
  return z.guid().refine((given) => given.toLowerCase() === id.toLowerCase());
}

/** A principal that the app's replica does not know yet: 400, though `GET /users/{id}` may work already. */
export function isNotReplicatedYet(error: GraphFault): boolean {
  return error.kind === 'rejected' && error.message.startsWith('Not a valid reference update');
}
