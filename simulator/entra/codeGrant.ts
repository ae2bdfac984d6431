import { createHash } from 'node:crypto';
import type { Reply } from '../reply.js';
import type { Tenant } from '../tenant.js';
import { covers, type Authority } from './authorities.js';
import type { Grant } from './grants.js';
import { entraError, missingParameter } from './errors.js';
import { tokensFor } from './personTokens.js';

/** `grant_type=authorization_code`, for an authenticated client. */
export function redeemCode(tenant: Tenant, authority: Authority, form: URLSearchParams): Reply {
  const code = form.get('code');
  if (code === null) return missingParameter('code');
  const grant = tenant.codes.get(code);
  const refusal = grantFault(grant, authority, form);
  if (!grant || refusal) return refusal ?? malformed();
  grant.redeemed = true;
  return tokensFor(tenant, grant);
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
