import type { Reply } from '../reply.js';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import { readToken } from '../entra/tokenKey.js';
import { resourceUnits, spend } from '../throttling.js';
import { isRecord } from './call.js';
import { GraphError, badRequest, insufficientPrivileges, invalidToken } from './errors.js';
import { operations, type Operation } from './operations.js';

export type GraphRequest = {
  method: string;
  /** After `/v1.0`, decoded. */
  path: string;
  query: URLSearchParams;
  authorization: string | undefined;
  consistencyLevel: string | undefined;
  /** Parsed JSON; undefined without a body, a string when it was no JSON. */
  body: unknown;
};

/**
 * Answers one Graph call: token, operation, throttling, permission, then the operation itself.
 *
 * @param onProcessed called when the tenant begins to work on the call
 * @throws GraphError for every answer that is an error
 */
export function answerGraph(tenant: Tenant, request: GraphRequest, onProcessed: () => void): Reply {
  requireToken(tenant, request.authorization);
  const { operation, params } = findOperation(request);
  const headers = requireBudget(tenant, request, operation);
  requirePermission(tenant, request, operation);
  onProcessed();
  const reply = operation.handle({
    tenant,
    params,
    query: request.query,
    eventual: request.consistencyLevel?.toLowerCase() === 'eventual',
    path: request.path,
    body: requireBody(request),
  });
  return { ...reply, headers: { ...headers, ...reply.headers } };
}

/** @throws GraphError 401 */
export function requireToken(tenant: Tenant, authorization: string | undefined): void {
  const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw invalidToken('Access token is empty.');
  const claims = readToken(tenant.keys, token);
  if (!claims) throw invalidToken('Access token validation failure. Invalid signature.');
  if (claims.aud !== 'https://graph.microsoft.com') {
    throw invalidToken('Access token validation failure. Invalid audience.');
  }
  if (Number(claims.exp) * 1000 <= Date.now()) {
    throw invalidToken('Lifetime validation failed, the token is expired.');
  }
}

function findOperation(request: GraphRequest): { operation: Operation; params: Record<string, string> } {
  let pathFound = false;
  for (const operation of operations) {
    const match = operation.path.exec(request.path);
    if (!match) continue;
    if (operation.method === request.method) return { operation, params: { ...match.groups } };
    pathFound = true;
  }
  // Invitations cannot be listed: the service answers as if the path did not exist.
  if (request.path.startsWith('/invitations')) throw new GraphError(404, 'UnknownError', '');
  if (pathFound) {
    throw new GraphError(
      405,
      'Request_BadRequest',
      'Specified HTTP method is not allowed for the request target.',
    );
  }
  const segment = request.path.split('/')[1] ?? '';
  throw badRequest(`Resource not found for the segment '${segment}'.`, 'BadRequest');
}

function requireBudget(tenant: Tenant, request: GraphRequest, operation: Operation): Record<string, string> {
  const units = resourceUnits(operation.units, request.query);
  const { writes: write } = operation;
  const spent = spend(tenant.throttle, tenant.settings, { units, write });
  if (spent.allowed) {
    const share = spent.usedShare;
    return {
      'x-ms-resource-unit': String(units),
      ...(share > 0.8 && { 'x-ms-throttle-limit-percentage': share.toFixed(2) }),
    };
  }
  throw new GraphError(429, 'TooManyRequests', 'Please retry again later.', {
    'Retry-After': String(Math.ceil(spent.retryAfterSeconds * 1000) / 1000),
    'x-ms-throttle-scope': `Tenant_Application/${write ? 'Write' : 'ReadWrite'}/${seed.clientId}/${seed.tenantId}`,
    'x-ms-throttle-information': spent.reason,
  });
}

/**
 * Looks at what is consented now, not at the `roles` in the token: a permission that is switched off or on takes
 * effect at once, without waiting for a token to expire.
 */
function requirePermission(tenant: Tenant, request: GraphRequest, operation: Operation): void {
  const held = new Set(tenant.settings.permissions);
  if (operation.permissions.every((oneOf) => oneOf.some((permission) => held.has(permission)))) return;
  if (request.path !== '/invitations') throw insufficientPrivileges();
  throw new GraphError(
    401,
    'Unauthorized',
    `Insufficient privileges to perform requested operation by the application '00000003-0000-0000-c000-000000000000'. ControllerName=MSGraphInviteAPI, ActionName=CreateInvite, URL absolute path=/api/${seed.tenantId}/invites`,
  );
}

function requireBody(request: GraphRequest): Record<string, unknown> {
  if (request.body === undefined && !['POST', 'PATCH'].includes(request.method)) return {};
  if (request.body === undefined && !request.path.endsWith('$ref')) return {};
  if (isRecord(request.body)) return request.body;
  throw badRequest(
    'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
    'BadRequest',
  );
}
