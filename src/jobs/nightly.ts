import type PgBoss from 'pg-boss';

/** A night's turn at something; `day` is the one that it belongs to (UTC, `2026-01-31`), whenever it is taken. */
export type NightlyJob = { id: string; day: string };

export type Nightly = {
  /** Sees to it that the next night has a job; one at most is waiting, however many instances ask. */
  plan(): Promise<void>;
  /** Takes the job that is due; no other instance gets it. */
  take(): Promise<NightlyJob | null>;
  finish(job: NightlyJob): Promise<void>;
  /** Puts a job back that was not carried out to its end. */
  giveBack(job: NightlyJob): Promise<void>;
};

/** UTC: when the fewest people of Europe and America sign up. */
const HOUR = 2;
const RETENTION = 'retention';
/** A job that is not ended in this time has lost its instance, and another one gets it. */
const EXPIRES_SECONDS = 15 * 60;

/** The job of each night in which retention runs. */
export async function openNightly(boss: PgBoss): Promise<Nightly> {
  await boss.createQueue(RETENTION, {
    name: RETENTION,
    policy: 'short',
    // The next night does what is left then, and a fault that does not pass by itself is in the log.
    retryLimit: 100,
    retryDelay: 30,
    expireInSeconds: EXPIRES_SECONDS,
  });
  return {
    async plan() {
      const at = nextNight(new Date());
      await boss.send(RETENTION, { day: at.toISOString().slice(0, 10) }, { startAfter: at });
    },
    async take() {
      const [job] = await boss.fetch<{ day: string }>(RETENTION);
      return job ? { id: job.id, day: job.data.day } : null;
    },
    finish: ({ id }) => boss.complete(RETENTION, id),
    giveBack: ({ id }) => boss.fail(RETENTION, id),
  };
}

function nextNight(now: Date): Date {
  const night = new Date(now);
  night.setUTCHours(HOUR, 0, 0, 0);
  if (night <= now) night.setUTCDate(night.getUTCDate() + 1);
  return night;
}
