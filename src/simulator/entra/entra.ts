import type { Reply } from '../graph/call.js';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import { answerToken } from './token.js';
import { publicJwk } from './tokenKey.js';
import { entraError } from './errors.js';

export type EntraRequest = { method: string; path: string; query: URLSearchParams; form: URLSearchParams };

/**
 * Answers what Entra answers over the back channel: tokens, metadata and keys.
 * Signing in is for people, on plain HTTP, and is not part of this.
 */
export function answerEntra(tenant: Tenant, request: EntraRequest): Reply {
  if (request.path === '/common/discovery/instance') return instanceDiscovery(tenant, request);
  const [, name = '', endpoint = ''] = /^\/([^/]+)\/(.*)$/.exec(request.path) ?? [];
  const tenantId = tenantIdOf(name);
  if (tenantId === undefined) return unknownTenant(name);
  const key = `${request.method} ${endpoint}`;
  if (key === 'GET v2.0/.well-known/openid-configuration')
    return { status: 200, body: metadata(tenant, tenantId) };
  if (key === 'GET discovery/keys' || key === 'GET discovery/v2.0/keys') {
    return { status: 200, body: { keys: [publicJwk(tenant.tokenKey, issuerOf(tenant, tenantId))] } };
  }
  if (key === 'POST oauth2/v2.0/token') return answerToken(tenant, issuerOf(tenant, tenantId), request.form);
  return { status: 404 };
}

/** The issuer of a tenant's tokens. */
function issuerOf(tenant: Tenant, tenantId: string): string {
  return `${tenant.urls.backChannel}/${tenantId}/v2.0`;
}

function tenantIdOf(name: string): string | undefined {
  const known = [seed.tenantId, ...seed.verifiedDomains];
  return known.includes(name.toLowerCase()) ? seed.tenantId : undefined;
}

function metadata(tenant: Tenant, tenantId: string): object {
  const base = `${tenant.urls.backChannel}/${tenantId}`;
  return {
    issuer: issuerOf(tenant, tenantId),
    token_endpoint: `${base}/oauth2/v2.0/token`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    // People follow these two: plain HTTP on localhost, so that no browser warns about the certificate.
    authorization_endpoint: `${tenant.urls.people}/${tenantId}/oauth2/v2.0/authorize`,
    end_session_endpoint: `${tenant.urls.people}/${tenantId}/oauth2/v2.0/logout`,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    claims_supported: [
      'sub',
      'iss',
      'aud',
      'exp',
      'iat',
      'tid',
      'oid',
      'nonce',
      'preferred_username',
      'name',
    ],
  };
}

function instanceDiscovery(tenant: Tenant, request: EntraRequest): Reply {
  const host = new URL(tenant.urls.backChannel).host;
  const endpoint = request.query.get('authorization_endpoint') ?? '';
  const name = URL.canParse(endpoint) ? new URL(endpoint).pathname.split('/')[1] : undefined;
  return {
    status: 200,
    body: {
      tenant_discovery_endpoint: `${tenant.urls.backChannel}/${name ?? seed.tenantId}/v2.0/.well-known/openid-configuration`,
      'api-version': '1.1',
      metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
    },
  };
}

function unknownTenant(name: string): Reply {
  const message = `Tenant '${name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`;
  return entraError(400, 'invalid_tenant', 90002, message);
}
