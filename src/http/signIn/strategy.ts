import { createPublicKey } from 'node:crypto';
import type { Request } from 'express';
import { OIDCStrategy, type IProfile, type VerifyCallback } from 'passport-azure-ad';
import type { Config } from '../../config.js';
import type { Entra } from '../../entra/entra.js';
import { EntraFault } from '../../entra/entraFault.js';

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
type OAuthConfig = { authorization_endpoint?: string; redirectUrl: string; scope: string };
type OnTokens = (error: null, tokens: object) => void;
type OnClaims = (text: string, claims: object) => void;

/** The library's methods that its types leave out. */
type Inside = {
  setOptions(params: Params, oauthConfig: OAuthConfig, checks: object, done: Next): void;
  _validateResponse(params: Params, checks: object, req: Request, next: Next, done: OnClaims): void;
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

export class EntraStrategy extends OIDCStrategy {
  constructor(
    { baseUrl, signIn }: Settings,
    readonly entra: Entra,
  ) {
    super(
      {
        identityMetadata: entra.address,
        clientID: signIn.clientId,
        clientSecret: signIn.clientSecret,
        responseType: 'code',
        responseMode: 'query',
        redirectUrl: `${baseUrl}/auth/callback`,
        allowHttpForRedirectUrl: baseUrl.startsWith('http:'),
        scope: ['openid', 'profile', 'email', 'offline_access'],
        validateIssuer: true,
        passReqToCallback: false,
        loggingLevel: 'error',
        loggingNoPII: true,
      },
      // The library counts the parameters to choose what it hands over.
      ((_iss, _sub, _profile, claims: object, _access, refreshToken: string | undefined, _tokens, done) => {
        done(null, { claims, refreshToken } satisfies SignedIn);
      }) satisfies VerifyWithTokens,
    );
  }

  setOptions(params: Params, oauthConfig: OAuthConfig, checks: object, done: Next): void {
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

  _idTokenHandler(params: Params, checks: object, req: Request, next: Next, done: OnClaims): void {
    this.pemFor(params.id_token)
      .then((pem) => {
        params.metadata.generateOidcPEM = () => pem;
        inside._validateResponse.call(this, params, checks, req, next, done);
      })
      .catch(next);
  }

  /** The public key that the token names, as text. */
  async pemFor(token: unknown): Promise<string> {
    const kid = keyIdOf(token);
    const key = (await this.entra.keys(kid)).find((one) => one.kid === kid);
    if (!key) throw new EntraFault('signature', 'a key that Entra does not list');
    return createPublicKey({ key, format: 'jwk' }).export({ type: 'pkcs1', format: 'pem' }).toString();
  }
}

function keyIdOf(token: unknown): string {
  const [header, , , more] = typeof token === 'string' ? token.split('.') : [];
  if (header === undefined || more !== undefined) throw new EntraFault('token', 'not a signed token');
  try {
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid?: unknown };
    if (typeof kid === 'string') return kid;
  } catch {
    // Said below.
  }
  throw new EntraFault('token', 'a token that names no key');
}
