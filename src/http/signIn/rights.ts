import { z } from 'zod';
import type { Person } from '../../access/person.js';
import type { Deps } from '../../deps.js';
import { EntraFault } from '../../entra/entraFault.js';
import { describePerson } from './describePerson.js';
import { seal, unseal } from '../../sealed.js';

/** What Entra says of a signed-in person at a later look. */
export type Rights =
  | { kind: 'read'; person: Person; refreshToken: string; readAt: number }
  /** The person has to sign in again, or cannot any more. */
  | { kind: 'over'; reason: string }
  | { kind: 'unanswered'; fault: EntraFault };

/** Clocks differ; passport-azure-ad allows as much. */
const CLOCK_SKEW_SECONDS = 300;

/**
 * Reads from Entra, without the browser, who a person is by now: redeems the refresh token for a new id_token. That comes
 * straight from the token endpoint, so TLS stands in for its signature (OpenID Connect Core 1.0, 3.1.3.7); the claims are
 * checked as at the sign-in.
 *
 * @param refreshToken sealed, from the session
 */
export async function readRights(deps: Deps, person: Person, refreshToken = ''): Promise<Rights> {
  const { entra, config } = deps;
  const token = unseal(refreshToken, 'refresh tokens', config.secrets);
  if (token === null) return { kind: 'over', reason: 'noRefreshToken' };
  try {
    const tokens = await entra.redeem({ grant_type: 'refresh_token', refresh_token: token });
    const claims = claimsOf(tokens.id_token);
    check(claims, { issuer: (await entra.metadata()).issuer, audience: config.signIn.clientId });
    const described = await describePerson(deps, claims, person);
    if (described.oid !== person.oid) throw new EntraFault('token', 'another person');
    return {
      kind: 'read',
      person: described,
      readAt: Date.now(),
      refreshToken: seal(tokens.refresh_token ?? token, 'refresh tokens', config.secrets),
    };
  } catch (error) {
    if (!(error instanceof EntraFault)) throw error;
    const mayPass = ['unreachable', 'unreadable', 'clientRefused'].includes(error.reason);
    return mayPass ? { kind: 'unanswered', fault: error } : { kind: 'over', reason: error.reason };
  }
}

const claimsShape = z.looseObject({
  iss: z.string(),
  aud: z.string(),
  exp: z.number(),
  nbf: z.number().optional(),
});
type Claims = z.infer<typeof claimsShape>;

function claimsOf(token: string): Claims {
  try {
    return claimsShape.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
  } catch {
    throw new EntraFault('token', 'an id_token that cannot be read');
  }
}

function check({ iss, aud, exp, nbf }: Claims, expected: { issuer: string; audience: string }): void {
  const now = Date.now() / 1000;
  if (iss !== expected.issuer) throw new EntraFault('issuer', 'an id_token of another issuer');
  if (aud !== expected.audience) throw new EntraFault('audience', 'an id_token for another app');
  if (exp + CLOCK_SKEW_SECONDS < now) throw new EntraFault('expired', 'an id_token that has ended');
  if (nbf !== undefined && nbf - CLOCK_SKEW_SECONDS > now) throw new EntraFault('expired', 'not valid yet');
}
