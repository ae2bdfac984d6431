import type { Policy } from '../../policy/policy.js';

/** A policy may have ten thousand partners, and the form is asked for all the time. */
const known = new WeakMap<Policy, boolean>();

/** Whether there is any partner whose people prove who they are by signing in at home. */
export function isTenantOffered(policy: Policy): boolean {
  let offered = known.get(policy);
  if (offered === undefined) {
    offered = policy.document.partners.some(({ proof, enabled }) => proof === 'tenant' && enabled);
    known.set(policy, offered);
  }
  return offered;
}
