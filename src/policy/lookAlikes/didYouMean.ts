import { parseAddress, type Address } from '../address.js';
import { decide } from '../decide.js';
import type { Policy } from '../policy.js';

/**
 * Whether an address is refused because its domain looks like a listed one.
 *
 * @returns null when it is not; otherwise the address that the person probably meant, null where no partner accepts it
 */
export function didYouMean(policy: Policy, address: Address): { suggestion: string | null } | null {
  const [reason] = decide(policy, { address }).reasons;
  if (reason?.code !== 'denied.lookAlike') return null;
  const meant = policy.lookAlike(address.domain)?.instead ?? [];
  const suggestion = meant.map((domain) => `${address.local}@${domain}`).find((one) => isListed(policy, one));
  return { suggestion: suggestion ?? null };
}

function isListed(policy: Policy, typed: string): boolean {
  const parsed = parseAddress(typed);
  if (!parsed.ok) return false;
  const { partner, outcome } = decide(policy, parsed);
  return partner !== null && outcome !== 'deny';
}
