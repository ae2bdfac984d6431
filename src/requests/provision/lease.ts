import type { Deps } from '../../deps.js';
import { renewLease, type Claim } from '../../store/leases.js';
import type { RequestRow } from '../../store/schema.js';

/** A worker's claim of one request, renewed while one of its steps runs. */
export type Lease = {
  request: RequestRow;
  owner: string;
  /** Aborted when another worker has claimed the request. */
  signal: AbortSignal;
  /** Renews the lease from now on, for as long as one step may take. */
  beginStep(): void;
  drop(): void;
};

export function holdLease({ store, limits, log }: Deps, { request, owner }: Claim): Lease {
  const { leaseSeconds, stepSeconds } = limits;
  const lost = new AbortController();
  let renewUntil = 0;
  const renew = async () => {
    // A step that outlives its deadline hangs in this process, and another one should claim the request.
    if (performance.now() > renewUntil) return;
    try {
      if (!(await renewLease(store.db, request.id, owner, leaseSeconds))) lost.abort();
    } catch (error) {
      // Two renewals may fail before the lease runs out.
      log.warn({ err: error, requestId: request.id }, 'lease could not be renewed');
    }
  };
  const timer = setInterval(() => void renew(), (leaseSeconds * 1000) / 3);
  const beginStep = () => {
    renewUntil = performance.now() + stepSeconds * 1000;
  };
  beginStep();
  return {
    request,
    owner,
    signal: lost.signal,
    beginStep,
    drop: () => {
      clearInterval(timer);
    },
  };
}
