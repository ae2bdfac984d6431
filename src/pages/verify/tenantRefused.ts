import type { Request, Response } from 'express';
import type { Deps } from '../../deps.js';
import { endIdleSession } from '../../http/session.js';
import type { Address } from '../../policy/address.js';
import type { TenantRefusal } from '../../requests/prove/tenant.js';
import { openPage } from '../../requests/pageToken.js';
import { findRequest } from '../../store/requests.js';

/**
 * `failed`: the answer of the browser or of Entra was wrong, and the person cannot mend it. `unreachable`: Entra did not answer.
 * `notAdmitted`: the policy denies the address. `ownTenant`: the person belongs to our own tenant.
 */
export type ShownRefusal = TenantRefusal | 'failed' | 'denied' | 'unreachable' | 'ownTenant' | 'notAdmitted';

/** By what the person can do: come back later, take another account, or begin again. */
const STATUS: Record<ShownRefusal, number> = {
  failed: 401,
  denied: 401,
  ownTenant: 403,
  notAdmitted: 403,
  personalAccount: 403,
  guestAccount: 403,
  otherTenant: 403,
  otherAddress: 403,
  noAddress: 403,
  lookUp: 503,
  unreachable: 503,
};

/** After these the same account may be tried again. */
const ACCOUNT_IS_GOOD: readonly ShownRefusal[] = ['failed', 'denied', 'lookUp', 'unreachable'];

const RETRY_AFTER_SECONDS = 30;

/**
 * Says why a sign-in at the home organisation was not enough, and what to do.
 *
 * @param shown `account` is the name with which the person signed in; `address` and `token` are those of the request that
 *   waits, where there is one; `policyReason` is why the policy refuses an address
 */
export function showRefusal(
  res: Response,
  shown: {
    reason: ShownRefusal;
    account?: string | undefined;
    address?: string | undefined;
    token?: string | null | undefined;
    policyReason?: string | undefined;
  },
): void {
  const { reason, account = '', address, token, policyReason } = shown;
  const status = STATUS[reason];
  if (status === 503) res.set('Retry-After', String(RETRY_AFTER_SECONDS));
  const back = token ? `/requests/${token}` : '/';
  // The answer to a sign-in cannot be had again in another language.
  res.locals.here = () => back;
  const domain = (address ?? account).split('@').at(-1) ?? '';
  res.status(status).render('proof/tenantRefused', {
    reason,
    // Its sentence says to check what was typed, and nobody typed this address.
    policyReason: policyReason === 'denied.lookAlike' ? undefined : policyReason,
    sameAccount: ACCOUNT_IS_GOOD.includes(reason),
    values: { account, address: address ?? account, domain },
    again: token ? `/verify/tenant/${token}` : '/verify/tenant',
    back,
  });
}

type Refused = {
  reason: ShownRefusal;
  account?: string;
  /** The address that the sign-in has fixed, where no request has one. */
  address?: Address;
  policyReason?: string | undefined;
  /** The reason for the log, if it is more precise than the page's. */
  logged?: string;
  explanation?: string;
};

/** Answers a sign-in that proves nothing, for a request or, with null, before any form. */
export async function refuse(
  deps: Deps,
  req: Request,
  res: Response,
  requestId: string | null,
  { reason, account, address, policyReason, logged = reason, explanation }: Refused,
): Promise<void> {
  deps.log.warn({ httpRequestId: req.id, requestId, reason: logged, explanation }, 'sign-in refused');
  const request = requestId === null ? undefined : await findRequest(deps.store.db, requestId);
  await endIdleSession(deps, req, res);
  showRefusal(res, {
    reason,
    account,
    address: request?.address ?? address?.canonical,
    policyReason,
    token: request && (await openPage(deps.store.db, request.id)),
  });
}
