import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log.js';
import { claimRequest, type Claim } from '../store/leases.js';
import type { Db } from '../store/schema.js';
import type { Bell } from './bell.js';
import type { Pulse, Pulses } from './pulses.js';
import { createStop, type Stop } from './stop.js';

export type Worker = {
  /** Claims nothing more, lets the running turns reach the end of their step, and waits for them. */
  stop(): Promise<void>;
};

export type WorkerSettings = {
  /** How many requests the worker works on at once; one partner gets at most half of these places. */
  places: number;
  /** How often the worker looks for requests that no bell announces: postponed ones, and those of other instances. */
  pollMs: number;
};

export const WORKER_DEFAULTS: WorkerSettings = { places: 16, pollMs: 1_000 };

type Deps = { db: Db; bell: Bell; log: Log; pulses: Pulses; limits: { leaseSeconds: number } };

/**
 * Claims due requests and runs `turn` for each, several at a time, until stopped.
 *
 * `turn` ends the lease of its request. If it throws, the lease runs out and the request is claimed again.
 */
export function startWorker(
  { db, bell, log, pulses, limits }: Deps,
  turn: (claim: Claim, stop: Stop) => Promise<void>,
  { places, pollMs }: WorkerSettings = WORKER_DEFAULTS,
): Worker {
  const stop = createStop();
  const running = new Map<Promise<void>, string | null>();

  function start(claim: Claim): void {
    const { id, partner } = claim.request;
    const work = turn(claim, stop)
      .catch((error: unknown) => {
        log.error({ err: error, requestId: id }, 'work on a request broke off');
      })
      .finally(() => {
        running.delete(work);
        bell.announce();
      });
    running.set(work, partner);
  }

  /** A partner whose app hangs must leave places for other partners. */
  function partnersWithoutPlace(): (string | null)[] {
    const held = [...running.values()];
    const turnsOf = (partner: string | null) => held.filter((one) => one === partner).length;
    return [...new Set(held)].filter((partner) => turnsOf(partner) >= places / 2);
  }

  async function claimDue(pulse: Pulse): Promise<void> {
    while (!stop.requested.aborted) {
      pulse.beat();
      const claim =
        running.size < places
          ? await claimRequest(db, {
              leaseSeconds: limits.leaseSeconds,
              exceptPartners: partnersWithoutPlace(),
            })
          : null;
      if (claim) start(claim);
      else await bell.rest(pollMs);
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
