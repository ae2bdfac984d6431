import { createPublicKey } from 'node:crypto';
import type { Request } from 'express';
import { OIDCStrategy, type IProfile, type VerifyCallback } from 'passport-azure-ad';
import type { Config } from '../../config.js';
import { z } from 'zod';
import { TENANT_PLACE, type Entra, type SigningKey } from '../../entra/entra.js';
import { EntraFault } from '../../entra/entraFault.js';
import { SIGN_IN_SECONDS } from '../sessionStore.js';

// passport-azure-ad is no longer maintained. This file alone knows it, and leaves it what it does well: the address to
// which people are sent, state, nonce, and the checks of the id_token. What goes over the network is ours (src/entra):
// as shipped, an answer of the key or token endpoint that is no JSON ends the process.

type Next = (error?: unknown) => void;
type Params = {
  cachekey: string;
  id_token?: unknown;
  metadata: {
    oidc?: object;
    fetch?: (done: Next) => void;
    generateOidcPEM?: (kid: string) => string;
  };
};
type Checks = { issuer?: string[] };
type OAuthConfig = { authorization_endpoint?: string; redirectUrl: string; scope: string };
type OnTokens = (error: null, tokens: object) => void;
type OnClaims = (text: string, claims: object) => void;

/** The library's methods that its types leave out. */
type Inside = {
  setOptions(params: Params, oauthConfig: OAuthConfig, checks: Checks, done: Next): void;
  _validateResponse(params: Params, checks: Checks, req: Request, next: Next, done: OnClaims): void;
};
const inside = OIDCStrategy.prototype as unknown as Inside;

/** What a sign-in brings. */
export type SignedIn = { claims: object; refreshToken: string | undefined };

type VerifyWithTokens = (
  iss: string,
  sub: string,
  profile: IProfile,
  claims: object,
  accessToken: string,
  refreshToken: string | undefined,
  tokens: object,
  done: VerifyCallback,
) => void;

type Settings = Pick<Config, 'baseUrl' | 'signIn'>;

/** How the kinds of sign-in differ. */
export type SignInKind = {
  /** Where in the session state and nonce wait: those of one kind are worth nothing to the other. */
  sessionKey: string;
  scope: string[];
  /** How many may be under way in one browser. */
  atOnce: number;
};

export class EntraStrategy extends OIDCStrategy {
  constructor(
    { baseUrl, signIn }: Settings,
    readonly entra: Entra,
    { sessionKey, scope, atOnce }: SignInKind,
  ) {
    // The library's types leave the session key out.
    const where = { sessionKey };
    super(
      {
        ...where,
        identityMetadata: entra.address,
        clientID: signIn.clientId,
        clientSecret: signIn.clientSecret,
        responseType: 'code',
        responseMode: 'query',
        redirectUrl: `${baseUrl}/auth/callback`,
        allowHttpForRedirectUrl: baseUrl.startsWith('http:'),
        scope,
        nonceMaxAmount: atOnce,
        nonceLifetime: SIGN_IN_SECONDS,
        validateIssuer: true,
        passReqToCallback: false,
        loggingLevel: 'error',
        loggingNoPII: true,
      },
      // The library counts the parameters to choose what it hands over.
      ((_iss, _sub, _profile, claims: object, _access, refreshToken: string | undefined, _tokens, done) => {
        // The library does not miss it; OpenID Connect Core 1.0, 2 requires it.
        const dated = 'iat' in claims && typeof claims.iat === 'number';
        if (dated) done(null, { claims, refreshToken } satisfies SignedIn);
        else done(new EntraFault('token', 'a token without a time of issue'));
      }) satisfies VerifyWithTokens,
    );
  }

  setOptions(params: Params, oauthConfig: OAuthConfig, checks: Checks, done: Next): void {
    this.entra
      .metadata()
      .then((metadata) => {
        // The library keeps what it fetched under this key for half an hour.
        params.cachekey = JSON.stringify(metadata);
        params.metadata.fetch = (fetched) => {
          params.metadata.oidc = {
            algorithms: ['RS256'],
            issuer: metadata.issuer,
            token_endpoint: metadata.token_endpoint,
            // It takes nothing but https, also where the tenant is a simulated one on this machine.
            authorization_endpoint: metadata.authorization_endpoint.replace(/^http:/, 'https:'),
          };
          fetched();
        };
        inside.setOptions.call(this, params, oauthConfig, checks, (error) => {
          oauthConfig.authorization_endpoint = metadata.authorization_endpoint;
          done(error);
        });
      })
      .catch(done);
  }

  _getAccessTokenBySecretOrAssertion(
    code: string,
    oauthConfig: OAuthConfig,
    next: Next,
    done: OnTokens,
  ): void {
    const { redirectUrl, scope } = oauthConfig;
    this.entra
      .redeem({ grant_type: 'authorization_code', code, redirect_uri: redirectUrl, scope })
      .then((tokens) => {
        done(null, tokens);
      })
      .catch(next);
  }

  _idTokenHandler(params: Params, checks: Checks, req: Request, next: Next, done: OnClaims): void {
    this.trustFor(params.id_token)
      .then(({ issuer, pem }) => {
        checks.issuer = [issuer];
        params.metadata.generateOidcPEM = () => pem;
        inside._validateResponse.call(this, params, checks, req, next, done);
      })
      .catch(next);
  }

  /**
   * What the token has to be signed by: the key that it names, as text, and the one issuer that may have done so. Where
   * people of every tenant sign in, that is the tenant that the token itself names; the library then finds both to agree, or
   * refuses it.
   */
  async trustFor(token: unknown): Promise<{ issuer: string; pem: string }> {
    const { kid } = read(token, 0, z.object({ kid: z.string() }), 'a token that names no key');
    const key = (await this.entra.keys(kid)).find((one) => one.kid === kid);
    if (!key) throw new EntraFault('signature', 'a key that Entra does not list');
    const template = (await this.entra.metadata()).issuer;
    if (!template.includes(TENANT_PLACE)) return { issuer: template, pem: pemOf(key) };
    const { tid } = read(token, 1, z.object({ tid: z.guid() }), 'a token that names no tenant');
    const issuer = template.replace(TENANT_PLACE, tid);
    // learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer: a key may be one tenant's alone.
    if (key.issuer !== undefined && key.issuer.replace(TENANT_PLACE, tid) !== issuer) {
      throw new EntraFault('issuer', "a key of another tenant's");
    }
    return { issuer, pem: pemOf(key) };
  }
}

function pemOf(key: SigningKey): string {
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'pkcs1', format: 'pem' }).toString();
}

/** Part of a token that nothing has vouched for yet: 0 is its header, 1 its claims. */
function read<T>(token: unknown, part: 0 | 1, shape: z.ZodType<T>, fault: string): T {
  const parts = typeof token === 'string' ? token.split('.') : [];
  if (parts.length !== 3) throw new EntraFault('token', 'not a signed token');
  try {
    return shape.parse(JSON.parse(Buffer.from(parts[part] ?? '', 'base64url').toString()));
  } catch {
    throw new EntraFault('token', fault);
  }
}
