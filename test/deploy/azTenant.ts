// A tenant small enough for one file: what Microsoft Graph keeps and answers of what deploy/register.sh asks. It refuses what Graph
// refuses (learn.microsoft.com/graph/api: application, servicePrincipal, appRoleAssignment, oAuth2PermissionGrant).

export type Role = { id: string; value: string; allowedMemberTypes: string[]; isEnabled?: boolean };
export type Application = Record<string, unknown> & {
  id: string;
  appId: string;
  displayName: string;
  appRoles: Role[];
  passwordCredentials: { keyId: string; displayName: string; hint: string; endDateTime: string }[];
  web?: { redirectUris?: string[] } & Record<string, unknown>;
};
type Principal = { id: string; appId: string; displayName: string; appRoles: Role[] } & Record<
  string,
  unknown
>;
type Assignment = { id: string; principalId: string; resourceId: string; appRoleId: string };
type Grant = { id: string; clientId: string; consentType: string; resourceId: string; scope: string };

export type Tenant = {
  applications: Application[];
  principals: Principal[];
  assignments: Assignment[];
  grants: Grant[];
  users: { id: string; userPrincipalName: string; displayName: string }[];
  /** How often a new object is not found before it is. */
  lag: number;
  unseen: Record<string, number>;
  /** So many assignments, the first ones, are not listed yet. */
  hidden: number;
  /** Regular expressions of `METHOD path` that are refused for want of a role. */
  forbidden: string[];
  /** Each page of a list holds so many. */
  pageSize: number;
  made: number;
};

/** Graph's own refusal. */
export class Refusal extends Error {
  constructor(
    readonly reason: string,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

type Body = Record<string, unknown>;
type Answer = { tenant: Tenant; path: string[]; query: URLSearchParams; body: Body };

/** Answers one call. What no route takes is a fault of the caller's, and no answer of Graph's. */
export function answer(tenant: Tenant, method: string, url: URL, body: Body): unknown {
  const path = decodeURIComponent(url.pathname).split('/').slice(2);
  const route = `${method} /${path.map((part, index) => (index === 1 && !part.includes('(') ? '*' : part)).join('/')}`;
  if (tenant.forbidden.some((one) => new RegExp(one).test(`${method} /${path.join('/')}`))) {
    throw new Refusal('Forbidden', 'Authorization_RequestDenied', 'Insufficient privileges.');
  }
  for (const id of path.slice(1)) seen(tenant, id, 'Request_ResourceNotFound');
  const handler = routes[route] ?? routes[route.replace(/\/[^/]+$/, '/*')];
  if (!handler) throw new TypeError(`no such call of Graph: ${route}`);
  return handler({ tenant, path, query: url.searchParams, body });
}

const routes: Record<string, (call: Answer) => unknown> = {
  'GET /applications': (call) => list(call, call.tenant.applications.map(asRead)),
  'POST /applications': ({ tenant, body }) => {
    if (typeof body.displayName !== 'string') throw bad('displayName is missing');
    const made = { ...tidied(body), id: fresh(tenant), appId: fresh(tenant), passwordCredentials: [] };
    tenant.applications.push(made as unknown as Application);
    tenant.unseen[made.id] = tenant.unseen[made.appId] = tenant.lag;
    return made;
  },
  'PATCH /applications/*': ({ tenant, path, body }) => {
    const application = found(tenant.applications, path[1]);
    const roles = (body.appRoles as Role[] | undefined) ?? application.appRoles;
    const lost = application.appRoles.find(({ id }) => !roles.some((role) => role.id === id));
    if (lost) throw bad('CannotDeleteOrUpdateEnabledEntitlement');
    Object.assign(application, tidied(body));
    const principal = tenant.principals.find(({ appId }) => appId === application.appId);
    if (principal) principal.appRoles = application.appRoles;
  },
  'POST /applications/*/addPassword': ({ tenant, path, body }) => {
    const { passwordCredential, ...rest } = body as { passwordCredential: Body };
    only({ ...rest, ...passwordCredential }, ['displayName', 'endDateTime']);
    const keyId = fresh(tenant);
    const made = { keyId, hint: 'S3c', ...passwordCredential } as Application['passwordCredentials'][number];
    found(tenant.applications, path[1]).passwordCredentials.push(made);
    return { ...made, secretText: `S3c~${keyId}` };
  },
  'POST /applications/*/removePassword': ({ tenant, path, body }) => {
    only(body, ['keyId']);
    const application = found(tenant.applications, path[1]);
    const rest = application.passwordCredentials.filter(({ keyId }) => keyId !== body.keyId);
    if (rest.length === application.passwordCredentials.length) throw bad('No password credential found');
    application.passwordCredentials = rest;
  },
  'GET /servicePrincipals': (call) => list(call, call.tenant.principals),
  [`GET /servicePrincipals(appId='00000003-0000-0000-c000-000000000000')`]: ({ tenant }) =>
    tenant.principals[0],
  'POST /servicePrincipals': ({ tenant, body }) => {
    only(body, ['appId', 'tags']);
    seen(tenant, String(body.appId), 'NoBackingApplicationObject');
    const application = tenant.applications.find(({ appId }) => appId === body.appId);
    if (!application) throw bad('NoBackingApplicationObject');
    if (tenant.principals.some(({ appId }) => appId === body.appId)) throw bad('already in use');
    const { appId, displayName, appRoles } = application;
    const made = {
      ...body,
      id: fresh(tenant),
      appId,
      displayName,
      appRoles,
      appRoleAssignmentRequired: false,
    };
    tenant.principals.push(made);
    tenant.unseen[made.id] = tenant.lag;
    return made;
  },
  'GET /servicePrincipals/*/oauth2PermissionGrants': (call) =>
    list(
      call,
      call.tenant.grants.filter(({ clientId }) => clientId === call.path[1]),
    ),
  'POST /oauth2PermissionGrants': ({ tenant, body }) => {
    only(body, ['clientId', 'consentType', 'resourceId', 'scope']);
    seen(tenant, String(body.clientId), 'Request_ResourceNotFound');
    tenant.grants.push({ id: fresh(tenant), ...(body as Omit<Grant, 'id'>) });
    return tenant.grants.at(-1);
  },
  'PATCH /oauth2PermissionGrants/*': ({ tenant, path, body }) => {
    only(body, ['scope']);
    Object.assign(found(tenant.grants, path[1]), body);
  },
  'GET /servicePrincipals/*/appRoleAssignments': (call) =>
    list(
      call,
      call.tenant.assignments
        .slice(call.tenant.hidden)
        .filter(({ principalId }) => principalId === call.path[1]),
    ),
  'GET /servicePrincipals/*/appRoleAssignedTo': (call) =>
    list(
      call,
      call.tenant.assignments.filter(({ resourceId }) => resourceId === call.path[1]),
    ),
  'POST /servicePrincipals/*/appRoleAssignments': ({ tenant, path, body }) => {
    if (body.principalId !== path[1]) throw bad('principalId is another one');
    return assign(tenant, body, 'Application');
  },
  'POST /servicePrincipals/*/appRoleAssignedTo': ({ tenant, path, body }) => {
    if (body.resourceId !== path[1]) throw bad('resourceId is another one');
    found(tenant.users, String(body.principalId));
    return assign(tenant, body, 'User');
  },
  'DELETE /servicePrincipals/*/appRoleAssignments/*': ({ tenant, path }) => {
    found(tenant.assignments, path[3]);
    tenant.assignments = tenant.assignments.filter(({ id }) => id !== path[3]);
  },
  'GET /me': ({ tenant }) => tenant.users[0],
  'GET /users/*': ({ tenant, path }) =>
    tenant.users.find(({ id, userPrincipalName }) => [id, userPrincipalName].includes(path[1] ?? '')) ??
    found([], path[1]),
};

function assign(tenant: Tenant, body: Body, kind: string): Assignment {
  only(body, ['principalId', 'resourceId', 'appRoleId']);
  const wanted = body as Omit<Assignment, 'id'>;
  const role = found(tenant.principals, wanted.resourceId).appRoles.find(({ id }) => id === wanted.appRoleId);
  if (!role?.allowedMemberTypes.includes(kind))
    throw bad('Permission being assigned was not found on application');
  const same = (one: Assignment) =>
    Object.entries(wanted).every(([key, value]) => one[key as keyof Assignment] === value);
  if (tenant.assignments.some(same)) throw bad('Permission being assigned already exists on the object');
  const made = { id: fresh(tenant), ...wanted };
  tenant.assignments.push(made);
  return made;
}

/** Graph answers with more than was written, which must not be written back. */
function asRead(application: Application): Application {
  const { appRoles, web, optionalClaims } = application;
  return {
    ...application,
    appRoles: appRoles.map((role) => ({ ...role, origin: 'Application' })),
    optionalClaims: { accessToken: [], saml2Token: [], ...(optionalClaims as object | undefined) },
    web: {
      homePageUrl: null,
      logoutUrl: null,
      ...web,
      redirectUriSettings: (web?.redirectUris ?? []).map((uri, index) => ({ uri, index })),
    },
  };
}

const WRITABLE = [
  'displayName',
  'appRoles',
  'optionalClaims',
  'requiredResourceAccess',
  'web',
  'signInAudience',
  'groupMembershipClaims',
];

function tidied(body: Body): Body {
  only(body, WRITABLE);
  const { appRoles = [], web } = body as Partial<Application>;
  for (const role of appRoles) {
    only(role, ['id', 'value', 'displayName', 'description', 'allowedMemberTypes', 'isEnabled']);
  }
  if (new Set(appRoles.map(({ id }) => id)).size < appRoles.length) throw bad('two roles of one id');
  if (web) only(web, ['redirectUris', 'implicitGrantSettings', 'homePageUrl', 'logoutUrl']);
  return body;
}

function list({ tenant, query, path }: Answer, all: object[]): unknown {
  const [, field, quoted] = /^(\w+) eq '(.*)'$/.exec(query.get('$filter') ?? '') ?? [];
  const value = quoted?.replaceAll("''", "'");
  const hits = field ? all.filter((one) => (one as Body)[field] === value) : all;
  const from = Number(query.get('$skiptoken') ?? 0);
  const next = `https://graph.microsoft.com/v1.0/${path.join('/')}?$skiptoken=${from + tenant.pageSize}`;
  const more = hits.length > from + tenant.pageSize && { '@odata.nextLink': next };
  return { value: hits.slice(from, from + tenant.pageSize), ...more };
}

function seen(tenant: Tenant, id: string, code: string): void {
  const left = tenant.unseen[id] ?? 0;
  if (left === 0) return;
  tenant.unseen[id] = left - 1;
  throw new Refusal('Not Found', code, `Resource '${id}' does not exist.`);
}

function found<T extends { id: string }>(all: T[], id: string | undefined): T {
  const one = all.find((each) => each.id === id);
  if (!one)
    throw new Refusal('Not Found', 'Request_ResourceNotFound', `Resource '${String(id)}' does not exist.`);
  return one;
}

function only(body: object, keys: string[]): void {
  const strange = Object.keys(body).filter((key) => !keys.includes(key));
  if (strange.length > 0) throw bad(`Invalid property '${strange.join()}'`);
}

function bad(message: string): Refusal {
  return new Refusal('Bad Request', 'Request_BadRequest', message);
}

function fresh(tenant: Tenant): string {
  tenant.made += 1;
  return `aaaaaaaa-0000-4000-8000-${String(tenant.made).padStart(12, '0')}`;
}
