import type { Request } from 'express';
import type { Config } from '../../config.js';
import type { Entra } from '../../entra/entra.js';
import { tenantIdentityOf, type TenantIdentity } from '../../entra/tenantIdentity.js';
import { createSignIn } from './signIn.js';
import type { SignInKind } from './strategy.js';

/** How many tabs of one browser may be on their way to Entra; a further one replaces the oldest. */
const MOST_UNDER_WAY = 5;

/** Of a partner's people, at their own organisation. The scopes give nothing that outlives the sign-in. */
const PARTNERS: SignInKind = {
  sessionKey: 'tenantStates',
  scope: ['openid', 'profile', 'email'],
  atOnce: MOST_UNDER_WAY,
};

/** Sends a partner's people to their organisation, and takes in what they show when they come back. */
export type TenantSignIn = ReturnType<typeof createTenantSignIn>;

/** @param organizations where the people of any tenant sign in */
export function createTenantSignIn(config: Pick<Config, 'baseUrl' | 'signIn'>, organizations: Entra) {
  const signIn = createSignIn(config, organizations, PARTNERS);
  return {
    /**
     * The address of Entra's page, on which the person always chooses the account: opening a link that somebody else has sent
     * must not prove anything.
     *
     * @param purpose the request to be proved and its address; null before any form
     * @throws {EntraFault} when the metadata cannot be had
     */
    async begin(req: Request, purpose: { requestId: string; address: string } | null): Promise<URL> {
      const page = await signIn.begin(req, {
        prompt: 'select_account',
        ...(purpose && { login_hint: purpose.address }),
      });
      const state = page.searchParams.get('state') ?? '';
      const before = req.session.tenantSignIns ?? [];
      req.session.tenantSignIns = [
        ...before.slice(1 - MOST_UNDER_WAY),
        { state, requestId: purpose?.requestId ?? null },
      ];
      return page;
    },
    /** What the sign-in was for with which the browser comes back; undefined when it is none of these. Good for once. */
    take({ session, query }: Request): { requestId: string | null } | undefined {
      const { tenantSignIns: underWay = [] } = session;
      const found = underWay.find(({ state }) => state === query.state);
      if (found) session.tenantSignIns = underWay.filter((one) => one !== found);
      return found;
    },
    /** @throws {EntraFault} for whatever is wrong with what the browser brought */
    async complete(req: Request): Promise<TenantIdentity> {
      return tenantIdentityOf((await signIn.complete(req)).claims);
    },
  };
}
