import { randomUUID } from 'node:crypto';
import type { Deps } from '../../deps.js';
import { leaseRequest, renewLease } from '../../store/leases.js';
import type { RequestRow } from '../../store/schema.js';

/** A worker's claim on one request, renewed until it is dropped. */
export type Lease = {
  request: RequestRow;
  owner: string;
  /** Aborted when the request has passed to another worker. */
  signal: AbortSignal;
  drop(): void;
};

/** Claims a request, or returns null when it has no work due or another worker has it. */
export async function takeLease({ store, patience, log }: Deps, requestId: string): Promise<Lease | null> {
  const owner = randomUUID();
  const request = await leaseRequest(store.db, requestId, owner, patience.leaseSeconds);
  if (!request) return null;
  const lost = new AbortController();
  const renew = async () => {
    try {
      if (!(await renewLease(store.db, requestId, owner, patience.leaseSeconds))) lost.abort();
    } catch (error) {
      // Two beats may be missed before the lease runs out.
      log.warn({ err: error, requestId }, 'lease could not be renewed');
    }
  };
  const timer = setInterval(() => void renew(), (patience.leaseSeconds * 1000) / 3);
  return {
    request,
    owner,
    signal: lost.signal,
    drop: () => {
      clearInterval(timer);
    },
  };
}
