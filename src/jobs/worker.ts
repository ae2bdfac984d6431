import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log.js';
import { findAbandoned } from '../store/leases.js';
import { pauseSecondsLeft } from '../store/pauses.js';
import type { Db } from '../store/schema.js';
import { createPulses, type Pulse, type Pulses } from './pulses.js';
import type { Job, Queue } from './queue.js';

export type Worker = {
  /** Takes no more jobs, lets the running ones reach the end of their step, and waits for them. */
  stop(): Promise<void>;
};

export type WorkerSettings = {
  concurrency: number;
  /** How often jobs of other instances, and postponed ones, are looked for. */
  pollMs: number;
  /** How often work whose job was lost is looked for, and how long it must have been due. */
  sweepMs: number;
  abandonedAfterSeconds: number;
};

export const WORKER_DEFAULTS: WorkerSettings = {
  concurrency: 8,
  pollMs: 1_000,
  sweepMs: 5_000,
  abandonedAfterSeconds: 10,
};

type Deps = { db: Db; queue: Queue; log: Log; pulses?: Pulses };

/**
 * Runs `handle` for each job, several at a time, until stopped.
 *
 * `handle` settles its request's row itself; should it throw, the row's lease runs out and the sweep
 * brings the request back.
 */
export function startWorker(
  { db, queue, log, pulses = createPulses() }: Deps,
  handle: (requestId: string, signal: AbortSignal, job: Job) => Promise<void>,
  settings: WorkerSettings = WORKER_DEFAULTS,
): Worker {
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();

  async function run(job: Job): Promise<void> {
    try {
      await handle(job.requestId, stopping.signal, job);
    } catch (error) {
      log.error({ err: error, requestId: job.requestId }, 'work on a request broke off');
    }
    await queue.finish([job]);
  }

  function start(job: Job): void {
    const work = run(job)
      .catch((error: unknown) => {
        log.warn({ err: error, requestId: job.requestId }, 'job could not be finished');
      })
      .finally(() => {
        running.delete(work);
        queue.announce();
      });
    running.add(work);
  }

  async function takeJobs(pulse: Pulse): Promise<void> {
    while (!stopping.signal.aborted) {
      pulse.beat();
      const paused = await pauseSecondsLeft(db, 'graph');
      const free = settings.concurrency - running.size;
      const jobs = paused > 0 || free === 0 ? [] : await queue.take(free);
      jobs.forEach(start);
      if (jobs.length === 0) await queue.rest(Math.max(settings.pollMs, Math.min(paused, 5) * 1_000));
    }
  }

  async function sweep(pulse: Pulse): Promise<void> {
    // After a start nothing is waited for: whoever had the work may have died with it a moment ago.
    for (let seconds = 0; !stopping.signal.aborted; seconds = settings.abandonedAfterSeconds) {
      pulse.beat();
      const abandoned = await findAbandoned(db, seconds, 100);
      for (const requestId of abandoned) await queue.sendNow(db, requestId);
      if (abandoned.length > 0) queue.announce();
      await sleep(settings.sweepMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  /** A store that is down for a while must not end the loop. */
  async function persist(name: string, loop: (pulse: Pulse) => Promise<void>): Promise<void> {
    const pulse = pulses.begin(name);
    while (!stopping.signal.aborted) {
      try {
        await loop(pulse);
      } catch (error) {
        log.warn({ err: error, loop: name }, 'worker could not reach the store');
        await sleep(settings.pollMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
      pulse.beat();
    }
    pulse.end();
  }

  const loops = [persist('jobs', takeJobs), persist('sweep', sweep)];
  return {
    async stop() {
      stopping.abort();
      queue.announce();
      await Promise.all(loops);
      await Promise.all(running);
    },
  };
}
