import { randomUUID } from 'node:crypto';
import type { Reply } from '../graph/call.js';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import { entraError } from './errors.js';
import { signToken } from './tokenKey.js';

const GRAPH = 'https://graph.microsoft.com';

/** POST oauth2/v2.0/token: an app's own token for Graph, by client secret. */
export function answerToken(tenant: Tenant, issuer: string, form: URLSearchParams): Reply {
  if (form.get('client_id') !== seed.clientId) {
    const message = `Application with identifier '${form.get('client_id') ?? ''}' was not found in the directory '${seed.organization}'.`;
    return entraError(400, 'unauthorized_client', 700016, message);
  }
  if (form.get('client_secret') !== seed.clientSecret) {
    const message = `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${seed.clientId}'.`;
    return entraError(401, 'invalid_client', 7000215, message);
  }
  if (form.get('grant_type') !== 'client_credentials') {
    return entraError(400, 'unsupported_grant_type', 70003, 'The app requested an unsupported grant type.');
  }
  if (!form.get('scope')?.split(' ').includes(`${GRAPH}/.default`)) {
    return entraError(
      400,
      'invalid_scope',
      70011,
      "The provided value for the input parameter 'scope' is not valid.",
    );
  }
  const lifetime = tenant.settings.tokenLifetimeSeconds;
  return {
    status: 200,
    headers: { 'Cache-Control': 'no-store' },
    body: {
      token_type: 'Bearer',
      expires_in: lifetime,
      ext_expires_in: lifetime,
      access_token: signToken(tenant.tokenKey, appClaims(tenant, issuer, lifetime)),
    },
  };
}

function appClaims(tenant: Tenant, issuer: string, lifetimeSeconds: number): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    aud: GRAPH,
    iss: issuer,
    iat: now,
    nbf: now,
    exp: now + lifetimeSeconds,
    appid: seed.clientId,
    idtyp: 'app',
    oid: '55555555-0000-4000-8000-000000000099',
    roles: tenant.settings.permissions,
    tid: seed.tenantId,
    uti: randomUUID(),
    ver: '2.0',
  };
}
