import type { Response } from 'express';
import type { TenantRefusal } from '../requests/proof/tenantOwner.js';

/** `failed` is whatever was wrong with what the browser or Entra brought: it is nothing that a person could mend. */
export type ShownRefusal = TenantRefusal | 'failed' | 'denied';

/** Statuses by what the person could do: come back later, take another account, or begin again. */
const STATUS: Record<ShownRefusal, number> = {
  failed: 401,
  denied: 401,
  personalAccount: 403,
  guestAccount: 403,
  otherTenant: 403,
  otherAddress: 403,
  noAddress: 403,
  lookUp: 503,
};

const RETRY_AFTER_SECONDS = 30;

/**
 * Says why a sign-in at the home organisation was not enough, and what to do.
 *
 * @param shown `account` is the name with which the person signed in; `address` and `token` are those of the request that
 *   waits, where there is one
 */
export function showRefusal(
  res: Response,
  shown: {
    reason: ShownRefusal;
    account?: string | undefined;
    address?: string | undefined;
    token?: string | null | undefined;
  },
): void {
  const { reason, account = '', address, token } = shown;
  const status = STATUS[reason];
  if (status === 503) res.set('Retry-After', String(RETRY_AFTER_SECONDS));
  const domain = (address ?? account).split('@').at(-1) ?? '';
  res.status(status).render('tenantRefused', {
    reason,
    values: { account, address: address ?? account, domain },
    again: token ? `/verify/tenant/${token}` : '/verify/tenant',
    back: token ? `/requests/${token}` : '/',
  });
}
