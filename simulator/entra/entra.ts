import type { Reply } from '../reply.js';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import { authorityOf, noSuchTenant } from './authorities.js';
import { entraError } from './errors.js';
import { keySet, metadata } from './metadata.js';
import { answerToken } from './token.js';

export type EntraRequest = {
  method: string;
  path: string;
  query: URLSearchParams;
  form: URLSearchParams;
  authorization: string | undefined;
};

/**
 * Answers what Entra answers over the back channel: tokens, metadata and keys.
 * Signing in is for people and on plain HTTP: a browser that comes here for it is redirected.
 */
export function answerEntra(tenant: Tenant, request: EntraRequest): Reply {
  if (request.path === '/common/discovery/instance') return instanceDiscovery(tenant, request);
  const [, name = '', endpoint = ''] = /^\/([^/]+)\/(.*)$/.exec(request.path) ?? [];
  const authority = authorityOf(name);
  if (!authority) return entraError(400, 'invalid_tenant', 90002, noSuchTenant(name));
  switch (`${request.method} ${endpoint}`) {
    case 'GET v2.0/.well-known/openid-configuration':
      return { status: 200, body: metadata(tenant, authority) };
    case 'GET discovery/keys':
    case 'GET discovery/v2.0/keys':
      return { status: 200, body: keySet(tenant, authority) };
    case 'POST oauth2/v2.0/token':
      return answerToken(tenant, authority, request);
    case 'GET oauth2/v2.0/authorize':
    case 'GET oauth2/v2.0/logout': {
      const page = `${tenant.urls.people}/${authority.name}/${endpoint}?${request.query.toString()}`;
      return { status: 302, headers: { Location: page } };
    }
    default:
      return { status: 404 };
  }
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
