import { createHash, randomUUID } from 'node:crypto';
import type { Reply } from '../graph/call.js';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import { covers, issuerOf, type Authority } from './authorities.js';
import type { Grant } from './authorize.js';
import { entraError, missingParameter } from './errors.js';
import { issueIdToken } from './idToken.js';
import { signToken } from './tokenKey.js';

/** `grant_type=authorization_code`, for a client that is known already. */
export function redeemCode(tenant: Tenant, authority: Authority, form: URLSearchParams): Reply {
  const code = form.get('code');
  if (code === null) return missingParameter('code');
  const grant = tenant.codes.get(code);
  const refusal = grantFault(grant, authority, form);
  if (!grant || refusal) return refusal ?? malformed();
  grant.redeemed = true;
  const lifetime = tenant.settings.tokenLifetimeSeconds;
  return {
    status: 200,
    headers: { 'Cache-Control': 'no-store' },
    body: {
      token_type: 'Bearer',
      scope: grant.request.scope.join(' '),
      expires_in: lifetime,
      ext_expires_in: lifetime,
      access_token: signToken(tenant.keys.signing, accessClaims(tenant, grant, lifetime)),
      ...(grant.request.scope.includes('openid') && { id_token: issueIdToken(tenant, grant) }),
    },
  };
}

function grantFault(
  grant: Grant | undefined,
  authority: Authority,
  form: URLSearchParams,
): Reply | undefined {
  if (!grant) return malformed();
  const { request, account } = grant;
  if (grant.redeemed) {
    const message =
      'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.';
    return entraError(400, 'invalid_grant', 54005, message);
  }
  if (Date.now() >= grant.expiresAt) {
    const message =
      'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.';
    return entraError(400, 'invalid_grant', 70008, message);
  }
  if (!covers(authority, account.tenantId)) {
    const message = 'Provided authorization code is intended to use against other tenant, thus rejected.';
    return entraError(400, 'invalid_grant', 700005, message);
  }
  const redirectUri = form.get('redirect_uri');
  if (redirectUri !== request.redirectUri) {
    const message = `The reply address '${redirectUri ?? ''}' does not match the reply address '${request.redirectUri}' provided when requesting Authorization code.`;
    return entraError(400, 'invalid_client', 500112, message);
  }
  if (challengeOf(form.get('code_verifier')) !== request.codeChallenge) {
    const message =
      'The Code_Verifier does not match the code_challenge supplied in the authorization request.';
    return entraError(400, 'invalid_grant', 501481, message);
  }
  return undefined;
}

function malformed(): Reply {
  return entraError(400, 'invalid_grant', 9002313, 'Invalid request. Request is malformed or invalid.');
}

function challengeOf(verifier: string | null): string | null {
  return verifier === null ? null : createHash('sha256').update(verifier).digest('base64url');
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
