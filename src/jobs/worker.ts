import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log.js';
import { claimRequest, type Claim } from '../store/leases.js';
import type { RowClaim } from '../store/rowClaims.js';
import type { Db } from '../store/schema.js';
import type { Bell } from './bell.js';
import type { Pulse, Pulses } from './pulses.js';
import { createStop, type Stop } from './stop.js';

export type Worker = {
  /** Claims nothing more, lets the running turns reach the end of their step, and waits for them. */
  stop(): Promise<void>;
};

export type WorkerSettings = {
  /** How many requests the worker works on at once, besides rows of runs; one partner gets at most half of these places. */
  places: number;
  /** How often the worker looks for requests that no bell announces: postponed ones, and those of other instances. */
  pollMs: number;
};

export const WORKER_DEFAULTS: WorkerSettings = { places: 16, pollMs: 1_000 };

/**
 * Claims the next row of a run; `undo` says that what it gave is to be taken back.
 *
 * @param underWay how many rows this worker works on
 */
export type ClaimRow = (underWay: number) => Promise<RowClaim>;

type Work = { partner: string | null; ofRun: boolean };

type Deps = { db: Db; bell: Bell; log: Log; pulses: Pulses; limits: { leaseSeconds: number } };

/**
 * Claims due requests and runs `turn` for each, several at a time, until stopped. The rows of runs have places of their own, so
 * that nobody who signs up comes after them.
 *
 * `turn` ends the lease of its request. If it throws, the lease runs out and the request is claimed again.
 *
 * @param claimRow called when nobody waits who signed up
 */
export function startWorker(
  { db, bell, log, pulses, limits }: Deps,
  turn: (claim: Claim & { undo?: boolean }, stop: Stop) => Promise<void>,
  { places, pollMs }: WorkerSettings = WORKER_DEFAULTS,
  claimRow: ClaimRow = () => Promise.resolve({ waitMs: Infinity }),
): Worker {
  const stop = createStop();
  const running = new Map<Promise<void>, Work>();

  function start(claim: Claim & { undo?: boolean }): void {
    const { id, partner } = claim.request;
    const work = turn(claim, stop)
      .catch((error: unknown) => {
        log.error({ err: error, requestId: id }, 'work on a request broke off');
      })
      .finally(() => {
        running.delete(work);
        bell.announce();
      });
    running.set(work, { partner, ofRun: claim.undo !== undefined });
  }

  /** A partner whose app hangs must leave places for other partners. */
  function partnersWithoutPlace(): (string | null)[] {
    const held = people().map(({ partner }) => partner);
    const turnsOf = (partner: string | null) => held.filter((one) => one === partner).length;
    return [...new Set(held)].filter((partner) => turnsOf(partner) >= places / 2);
  }

  function people(): Work[] {
    return [...running.values()].filter(({ ofRun }) => !ofRun);
  }

  async function claimNext(): Promise<Claim | RowClaim> {
    const free = people().length < places;
    const claim = free
      ? await claimRequest(db, { leaseSeconds: limits.leaseSeconds, exceptPartners: partnersWithoutPlace() })
      : null;
    return claim ?? claimRow(running.size - people().length);
  }

  async function claimDue(pulse: Pulse): Promise<void> {
    while (!stop.requested.aborted) {
      pulse.beat();
      const claim = await claimNext();
      if ('request' in claim) start(claim);
      else await bell.rest(Math.min(pollMs, claim.waitMs));
    }
  }

  /** A store that is down must not end the loop. */
  async function persist(): Promise<void> {
    const pulse = pulses.begin('requests');
    while (!stop.requested.aborted) {
      try {
        await claimDue(pulse);
      } catch (error) {
        log.warn({ err: error }, 'worker could not reach the store');
        await sleep(pollMs, undefined, { signal: stop.requested }).catch(() => undefined);
      }
      pulse.beat();
    }
    pulse.end();
  }

  const loop = persist();
  return {
    async stop() {
      stop.request();
      bell.announce();
      await loop;
      await Promise.all(running.keys());
    },
  };
}
