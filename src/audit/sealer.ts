import { startPeriodic, type Periodic } from '../jobs/periodic.js';
import type { Log } from '../log.js';
import type { Db } from '../store/schema.js';
import { sealNewEvents } from './seal.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Seals new events every `everyMs` until stopped, and once more then, so that a portal at rest leaves nothing unsealed.
 * Once a minute it looks at the whole trail, for events whose transaction took its time, and once an hour it logs the head:
 * whoever keeps the logs can tell later whether the trail was cut or rebuilt.
 */
export function startSealer({ db, log }: { db: Db; log: Log }, everyMs = 1_000): Periodic {
  let wholeAt = -Infinity;
  let loggedAt = -Infinity;
  let logged = 0;

  async function seal(closing = false): Promise<void> {
    const now = performance.now();
    const everything = now - wholeAt >= MINUTE_MS;
    const head = await sealNewEvents(db, { everything });
    if (everything) wholeAt = now;
    const hourly = now - loggedAt >= HOUR_MS;
    if (hourly) loggedAt = now;
    if ((hourly || closing) && head && head.seq > logged) {
      log.info({ seq: head.seq, hash: head.hash.toString('hex') }, 'audit head');
      logged = head.seq;
    }
  }

  const periodic = startPeriodic({ name: 'audit seals', everyMs, log }, () => seal());
  return {
    async stop() {
      await periodic.stop();
      await seal(true).catch((error: unknown) => {
        log.warn({ err: error }, 'the last audit events are sealed at the next start');
      });
    },
  };
}
