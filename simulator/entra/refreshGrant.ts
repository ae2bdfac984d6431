import type { Reply } from '../reply.js';
import type { Tenant } from '../tenant.js';
import { findAccount } from './accounts.js';
import { covers, type Authority } from './authorities.js';
import { entraError, missingParameter } from './errors.js';
import { tokensFor } from './personTokens.js';

/**
 * `grant_type=refresh_token`, for an authenticated client. The answer describes the person as they are now and brings
 * a new refresh token; the old one stays good, as in Entra.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#refresh-the-access-token
 */
export function redeemRefreshToken(tenant: Tenant, authority: Authority, form: URLSearchParams): Reply {
  const token = form.get('refresh_token');
  if (token === null) return missingParameter('refresh_token');
  const grant = tenant.refreshTokens.get(token);
  if (!grant) return invalidGrant(9002313, 'Invalid request. Request is malformed or invalid.');
  const { request, oid } = grant;
  const account = findAccount(tenant, request.authority, oid);
  if (!account) return invalidGrant(50034, `The user account '${oid}' does not exist in this directory.`);
  if (!account.enabled) return invalidGrant(50057, 'The user account is disabled.');
  if (!covers(authority, account.tenantId)) {
    return invalidGrant(
      700005,
      'Provided refresh token is intended to use against other tenant, thus rejected.',
    );
  }
  if (grant.revoked) {
    const message =
      'The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.';
    return invalidGrant(50173, message);
  }
  const wanted = form
    .get('scope')
    ?.split(' ')
    .filter((one) => one !== '');
  if (wanted?.some((one) => !request.scope.includes(one))) {
    const message = 'The user or administrator has not consented to use the application with these scopes.';
    return invalidGrant(65001, message);
  }
  return tokensFor(tenant, {
    request: { ...request, scope: wanted ?? request.scope },
    account,
    expiresAt: Infinity,
    redeemed: true,
  });
}

/** Revokes every refresh token that a person has. */
export function revokeRefreshTokens(tenant: Tenant, oid: string): void {
  for (const grant of tenant.refreshTokens.values()) if (grant.oid === oid) grant.revoked = true;
}

function invalidGrant(code: number, message: string): Reply {
  return entraError(400, 'invalid_grant', code, message);
}
