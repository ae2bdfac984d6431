import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { takeIdTokenFault } from '../faults.js';
import type { Reply } from '../reply.js';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import { forgeries } from './forgeries.js';
import type { Grant } from './grants.js';
import { issuerOf } from './metadata.js';
import { signToken, type Claims } from './tokenKey.js';

const ID_TOKEN_SECONDS = 3600;

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

/** Opaque, and good until the person is disabled, deleted or signed out everywhere; Entra's 90 days are not simulated. */
function refreshTokenFor(tenant: Tenant, { request, account }: Grant): string {
  const token = `1.${randomBytes(96).toString('base64url')}`;
  tenant.refreshTokens.set(token, { request: { ...request, nonce: null }, oid: account.oid, revoked: false });
  return token;
}

/** For Graph under its app id; the simulated Graph refuses it, for it takes only the tokens of apps. */
function accessClaims(tenant: Tenant, { account, request }: Grant, lifetimeSeconds: number): Claims {
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

/** The id_token of a sign-in; a forged one when a fault orders it. */
function issueIdToken(tenant: Tenant, grant: Grant): string {
  const claims = idClaims(tenant, grant);
  const change = takeIdTokenFault(tenant.faults);
  const key = tenant.keys.signing;
  return change ? forgeries[change](key, claims) : signToken(key, claims);
}

/**
 * Sources: learn.microsoft.com/entra/identity-platform/id-token-claims-reference and, for `acct`, `xms_edov` and the two
 * names, which a registration must request, …/optional-claims-reference.
 */
function idClaims(tenant: Tenant, { request, account }: Grant): Claims {
  const now = Math.floor(Date.now() / 1000);
  const { email, emailDomainVerified, roles, groups, givenName, familyName } = account;
  return {
    ver: '2.0',
    iss: issuerOf(tenant, account.tenantId),
    sub: subjectOf(account.tenantId, account.oid),
    aud: seed.clientId,
    exp: now + ID_TOKEN_SECONDS,
    iat: now,
    nbf: now,
    tid: account.tenantId,
    uti: randomBytes(16).toString('base64url'),
    ...(request.nonce !== null && { nonce: request.nonce }),
    ...(request.scope.includes('profile') && {
      oid: account.oid,
      name: account.name,
      preferred_username: account.userName,
      ...(givenName !== null && { given_name: givenName }),
      ...(familyName !== null && { family_name: familyName }),
    }),
    ...(tenant.settings.acctClaim && { acct: account.guest ? 1 : 0 }),
    ...(request.scope.includes('email') && email !== null && { email }),
    ...(request.scope.includes('email') && emailDomainVerified && { xms_edov: true }),
    ...(roles.length > 0 && { roles }),
    ...(tenant.settings.groupsClaim && groups.length > 0 && { groups }),
  };
}

/** Pairwise: the same person is another subject to another app. */
function subjectOf(tenantId: string, oid: string): string {
  return createHash('sha256').update(`${seed.clientId} ${tenantId} ${oid}`).digest('base64url');
}
