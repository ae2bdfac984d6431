import { CompiledQuery, sql } from 'kysely';
import PgBoss from 'pg-boss';
import type { Log } from '../log.js';
import type { Store } from '../store/database.js';
import type { Db } from '../store/schema.js';
import { traceparent } from '../telemetry/activeSpan.js';
import { createBell, type Bell } from './bell.js';
import { openNightly, type Nightly } from './nightly.js';

/** A wake-up call for one request. The request's row, not the job, says whether there is work. */
export type Job = {
  id: string;
  requestId: string;
  /** The trace in which it was sent, as a `traceparent`; null where there was none. */
  trace: string | null;
};

export type Queue = {
  /**
   * Wakes a worker for a request after `delaySeconds`. With a transaction as its first argument the job
   * is committed or rolled back with it. A request that has a job waiting gets no second one.
   */
  send(db: Db, requestId: string, options?: { delaySeconds?: number; priority?: number }): Promise<void>;
  /** The same at once, also for a request that has a job waiting for later; again at most one. */
  sendNow(db: Db, requestId: string): Promise<void>;
  /** Takes up to `limit` jobs that are due, the most urgent first. */
  take(limit: number): Promise<Job[]>;
  finish(jobs: Job[]): Promise<void>;
  /** Rejects when the queue cannot be read. */
  ping(): Promise<void>;
  /** The job of each night, which one instance gets. */
  nightly: Nightly;
  stop(): Promise<void>;
} & Bell;

const PROVISION = 'provision';

/** People who sign up wait in front of a page; whatever else is queued comes after them. */
export const INTERACTIVE = 10;

/** Opens the durable queue: pg-boss, in the same database as everything else, on either store. */
export async function openQueue(
  { db, exclusive }: Pick<Store, 'db' | 'exclusive'>,
  log: Log,
): Promise<Queue> {
  const boss = new PgBoss({
    db: executor(db),
    schedule: false,
    // A finished job says nothing that the request's row does not.
    archiveCompletedAfterSeconds: 60,
    deleteAfterHours: 1,
  });
  boss.on('error', (error) => {
    log.warn({ err: error }, 'queue maintenance failed');
  });
  const start = async () => {
    await boss.start();
    // `short`: one waiting job a key. A job is only a wake-up, so a failed one is not worth repeating.
    await boss.createQueue(PROVISION, { name: PROVISION, policy: 'short', retryLimit: 0, retentionDays: 30 });
    return openNightly(boss);
  };
  const nightly = await (exclusive ? start() : oneAtATime(db, start));
  async function insert(joined: Db, requestId: string, options: PgBoss.SendOptions): Promise<void> {
    const trace = traceparent();
    await boss.send(PROVISION, { requestId, ...(trace && { trace }) }, { ...options, db: executor(joined) });
  }

  return {
    async send(joined, requestId, { delaySeconds = 0, priority = 0 } = {}) {
      await insert(joined, requestId, {
        singletonKey: requestId,
        startAfter: `${delaySeconds} seconds`,
        priority,
      });
    },
    sendNow: (joined, requestId) => insert(joined, requestId, { singletonKey: `${requestId} now` }),
    async take(limit) {
      const jobs = await boss.fetch<{ requestId: string; trace?: string }>(PROVISION, { batchSize: limit });
      return jobs.map(({ id, data: { requestId, trace = null } }) => ({ id, requestId, trace }));
    },
    async finish(jobs) {
      if (jobs.length > 0)
        await boss.complete(
          PROVISION,
          jobs.map(({ id }) => id),
        );
    },
    async ping() {
      if (!(await boss.getQueue(PROVISION))) throw new Error('The queue is gone');
    },
    nightly,
    ...createBell(),
    stop: () => boss.stop({ graceful: false }),
  };
}

/** pg-boss makes its schema without holding others off: instances that start together would trip over each other. */
async function oneAtATime<T>(db: Db, start: () => Promise<T>): Promise<T> {
  return db.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(hashtextextended('start of the queue', 0))`.execute(connection);
    try {
      return await start();
    } finally {
      await sql`select pg_advisory_unlock(hashtextextended('start of the queue', 0))`.execute(connection);
    }
  });
}

/** Lets pg-boss work through Kysely: in its transactions, and in turn where the store is one connection. */
function executor(db: Db): PgBoss.Db {
  return {
    async executeSql(text, values: unknown[] = []) {
      const { rows } = await db.executeQuery(CompiledQuery.raw(text, values));
      // pg answers several statements with a list of results, which has no rows of its own.
      return { rows: (rows as unknown[] | undefined) ?? [] };
    },
  };
}
