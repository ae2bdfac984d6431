import type { PublicStatus } from './publicStatus.js';

/**
 * A request that has lost its personal data, for whoever opens an old link: that it is over, and nothing else.
 *
 * @param shown as strangers saw it before
 */
export function anonymisedStatus({ status, updatedAt }: Omit<PublicStatus, 'proof'>): PublicStatus {
  return {
    address: '',
    status,
    headline: 'anonymised',
    reason: null,
    words: null,
    apps: [],
    steps: [],
    progress: [],
    moving: false,
    resend: { allowed: false, why: 'notMailed' },
    proof: null,
    updatedAt,
  };
}
