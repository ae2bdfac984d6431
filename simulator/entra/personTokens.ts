import { randomBytes, randomUUID } from 'node:crypto';
import type { Reply } from '../graph/call.js';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import { issuerOf } from './authorities.js';
import type { Grant } from './authorize.js';
import { issueIdToken } from './idToken.js';
import { signToken } from './tokenKey.js';

/** What the token endpoint answers for a person who signed in; with `offline_access` a refresh token too. */
export function tokensFor(tenant: Tenant, grant: Grant): Reply {
  const { scope } = grant.request;
  const lifetime = tenant.settings.tokenLifetimeSeconds;
  return {
    status: 200,
    headers: { 'Cache-Control': 'no-store' },
    body: {
      token_type: 'Bearer',
      scope: scope.filter((one) => one !== 'offline_access').join(' '),
      expires_in: lifetime,
      ext_expires_in: lifetime,
      access_token: signToken(tenant.keys.signing, accessClaims(tenant, grant, lifetime)),
      ...(scope.includes('offline_access') && { refresh_token: refreshTokenFor(tenant, grant) }),
      ...(scope.includes('openid') && { id_token: issueIdToken(tenant, grant) }),
    },
  };
}

/** Opaque, and good until the person is disabled, deleted or signed out everywhere: nobody waits 90 days here. */
function refreshTokenFor(tenant: Tenant, { request, account }: Grant): string {
  const token = `1.${randomBytes(96).toString('base64url')}`;
  tenant.refreshTokens.set(token, { request: { ...request, nonce: null }, oid: account.oid, revoked: false });
  return token;
}

/** For Graph under its app id, which the simulated Graph does not take: it knows apps' own tokens alone. */
function accessClaims(tenant: Tenant, { account, request }: Grant, lifetimeSeconds: number) {
  const now = Math.floor(Date.now() / 1000);
  return {
    aud: '00000003-0000-0000-c000-000000000000',
    iss: issuerOf(tenant, account.tenantId),
    iat: now,
    nbf: now,
    exp: now + lifetimeSeconds,
    appid: seed.clientId,
    idtyp: 'user',
    oid: account.oid,
    scp: request.scope.join(' '),
    tid: account.tenantId,
    uti: randomUUID(),
    ver: '1.0',
  };
}
