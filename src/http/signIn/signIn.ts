import { types } from 'node:util';
import type { Request, Response } from 'express';
import passport from 'passport';
import type { Config } from '../../config.js';
import type { Entra } from '../../entra/entra.js';
import { ENTRA_FAULT_REASONS, EntraFault, type EntraFaultReason } from '../../entra/entraFault.js';
import type { SignedIn, SignInKind } from './strategy.js';

type Query = Record<string, string>;

/** Of staff, at our own tenant. The refresh token buys later looks at what they may do. */
const STAFF: SignInKind = {
  sessionKey: 'staffSignIns',
  scope: ['openid', 'profile', 'email', 'offline_access'],
  atOnce: 10,
};

/** What Entra's page does: which account it suggests, and whether the person has to choose one. */
export type AtEntra = { login_hint?: string; prompt?: 'select_account' };

/** Sends people to Entra, and takes them in when they come back. */
export type SignIn = ReturnType<typeof createSignIn>;

export function createSignIn(config: Pick<Config, 'baseUrl' | 'signIn'>, entra: Entra, kind = STAFF) {
  let opened: Promise<passport.Authenticator> | null = null;

  /** The library takes a tenth of a start, and few people sign in: it is loaded for the first of them. */
  async function open(): Promise<passport.Authenticator> {
    const { EntraStrategy } = await import('./strategy.js');
    const authenticator = new passport.Passport();
    authenticator.use('entra', new EntraStrategy(config, entra, kind));
    return authenticator;
  }

  /**
   * Lets the library see the session and these parameters, and nothing else of the request.
   *
   * @returns who has signed in, or where it wants to send the browser
   */
  async function run(
    session: Request['session'],
    query: Query,
    atEntra: AtEntra = {},
  ): Promise<SignedIn | URL> {
    const authenticator = await (opened ??= open());
    return new Promise((resolve, reject) => {
      const response = new RedirectOnly(resolve) as unknown as Response;
      const request = { session, query, body: {}, res: response } as unknown as Request;
      const middleware = authenticator.authenticate(
        'entra',
        { session: false, ...atEntra },
        (error: unknown, result: SignedIn | false | undefined, message: unknown) => {
          if (result) resolve(result);
          else reject(toFault(error ?? message));
        },
      ) as (req: Request, res: Response, next: (error: unknown) => void) => void;
      middleware(request, response, reject);
    });
  }

  return {
    /**
     * The address of the tenant's sign-in page for this browser; state and nonce wait in the session.
     *
     * @throws {EntraFault} when the tenant's metadata cannot be had
     */
    async begin(req: Pick<Request, 'session'>, atEntra?: AtEntra): Promise<URL> {
      await entra.metadata();
      const page = await run(req.session, {}, atEntra);
      if (page instanceof URL) return page;
      throw new Error('A sign-in ended before it began');
    },
    /**
     * Redeems what the browser brought back and checks the id_token.
     *
     * @throws {EntraFault} for whatever is wrong with it
     */
    async complete(req: Pick<Request, 'session' | 'query'>): Promise<SignedIn> {
      const result = await run(req.session, answerIn(req.query));
      // Without a code or an error the library would begin again.
      if (result instanceof URL) throw new EntraFault('callback', 'no answer in the callback');
      return result;
    },
  };
}

/** Catches passport's redirect: the page redirects itself, once the session is stored. */
class RedirectOnly {
  statusCode = 200;
  constructor(private readonly redirect: (page: URL) => void) {}

  setHeader(name: string, value: string): void {
    if (name === 'Location') this.redirect(new URL(value));
  }

  end(): void {
    // The redirect has been taken already.
  }
}

/** What Entra sends with the browser, each at most once: the library trips over lists. */
function answerIn(query: Request['query']): Query {
  const { state, code, error } = query;
  if (typeof state !== 'string') throw new EntraFault('callback', 'no state');
  // A code such as access_denied; any other text could pass for a message of ours.
  if (typeof error === 'string') return { state, error: /^[a-z_]{1,40}$/.test(error) ? error : 'unknown' };
  if (typeof code === 'string') return { state, code };
  throw new EntraFault('callback', 'neither a code nor an error');
}

// The library's failures differ only in their messages.
const LIBRARY_FAULTS: [RegExp, EntraFaultReason][] = [
  [/state/, 'state'],
  [/nonce/, 'nonce'],
  [/issuer|iss value/, 'issuer'],
  [/audience|azp/, 'audience'],
  [/expired|exp value|nbf|not active|iat value/, 'expired'],
  [/algorithm|signature|PEM/, 'signature'],
  [/sub value|JWT token|malformed|decode|payload|header/, 'token'],
  [/^(access_denied|consent_required|interaction_required|login_required)$/, 'denied'],
];

/** A failure of the library's as one of ours. Its words are not passed on: they may quote what it was given. */
function toFault(failure: unknown): EntraFault {
  const text = types.isNativeError(failure) ? failure.message : String(failure);
  const own = ENTRA_FAULT_REASONS.find((reason) => text.startsWith(`${reason}: `));
  if (own) return new EntraFault(own, text.slice(own.length + 2));
  const reason = LIBRARY_FAULTS.find(([words]) => words.test(text))?.[1];
  return new EntraFault(reason ?? 'callback', 'refused by the library');
}
