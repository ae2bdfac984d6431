import { createHash, randomBytes } from 'node:crypto';
import { takeIdTokenFault } from '../faults.js';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import { issuerOf } from './authorities.js';
import type { Grant } from './authorize.js';
import { forgeries } from './forgeries.js';
import { signToken, type Claims } from './tokenKey.js';

const LIFETIME_SECONDS = 3600;

/** The id_token of a sign-in; a bad one when that was ordered. */
export function issueIdToken(tenant: Tenant, grant: Grant): string {
  const claims = claimsOf(tenant, grant);
  const change = takeIdTokenFault(tenant.faults);
  const key = tenant.keys.signing;
  return change ? forgeries[change](key, claims) : signToken(key, claims);
}

/**
 * Sources: learn.microsoft.com/entra/identity-platform/id-token-claims-reference and, for `acct`, `xms_edov` and the two
 * names, which a registration has to ask for, …/optional-claims-reference.
 */
function claimsOf(tenant: Tenant, { request, account }: Grant): Claims {
  const now = Math.floor(Date.now() / 1000);
  const { email, emailDomainVerified, roles, groups, givenName, familyName } = account;
  return {
    ver: '2.0',
    iss: issuerOf(tenant, account.tenantId),
    sub: subjectOf(account.tenantId, account.oid),
    aud: seed.clientId,
    exp: now + LIFETIME_SECONDS,
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
    acct: account.guest ? 1 : 0,
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
