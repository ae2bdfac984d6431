import type { Tenant } from '../tenant.js';
import type { Authority } from './authorities.js';
import { publicJwk } from './tokenKey.js';

/** `v2.0/.well-known/openid-configuration`: what the simulator offers, in Entra's words. */
export function metadata(tenant: Tenant, authority: Authority): object {
  const base = `${tenant.urls.backChannel}/${authority.name}`;
  // Plain HTTP on localhost, so that no browser warns about the certificate. The setting is there because
  // passport-azure-ad as shipped takes only HTTPS.
  const pages = tenant.settings.httpsSignIn ? base : `${tenant.urls.people}/${authority.name}`;
  return {
    issuer: issuerOf(tenant, authority.tenantId),
    authorization_endpoint: `${pages}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    end_session_endpoint: `${pages}/oauth2/v2.0/logout`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    request_uri_parameter_supported: false,
    claims_supported: [
      'sub',
      'iss',
      'aud',
      'exp',
      'iat',
      'tid',
      'oid',
      'ver',
      'nonce',
      'preferred_username',
      'name',
      'email',
      'given_name',
      'family_name',
    ],
  };
}

/** `discovery/v2.0/keys`: all tenants share the keys, so that a signature alone says nothing about the tenant. */
export function keySet(tenant: Tenant, authority: Authority): object {
  const issuer = issuerOf(tenant, authority.tenantId);
  return { keys: tenant.keys.published.map((key) => publicJwk(key, issuer)) };
}

/** The issuer of a tenant's tokens; without a tenant Entra's placeholder. */
export function issuerOf(tenant: Tenant, tenantId = '{tenantid}'): string {
  return `${tenant.urls.backChannel}/${tenantId}/v2.0`;
}
