import { sql } from 'kysely';
import { PRIORITY } from './leases.js';
import type { Db } from './schema.js';

export type QueueFigures = {
  /** Requests that have failed, or are held for another reason than an approver's decision. */
  failing: number;
  /** Requests that are due and that no worker has claimed. */
  depth: number;
  /** How many seconds the oldest of them has waited, without pauses of Graph; 0 without any. */
  ageSeconds: number;
  /** How many seconds the pause of Graph goes on. */
  pauseSeconds: number;
};

/** Reads the figures through partial indexes, so that finished requests cost nothing. */
export async function readQueueFigures(db: Db): Promise<QueueFigures> {
  const { rows } = await sql<QueueFigures>`
    with graph as (select max(until) as until from pause where name = 'graph')
    select
      (select count(*)::int from request
        where state in ('failed', 'held') and problem ->> 'code' is distinct from 'heldByReviewer') as "failing",
      count(due_at)::int as "depth",
      -- A request that was due during a pause has waited since the end of the pause.
      greatest(0, coalesce(extract(epoch from now() - greatest(min(due_at), (select until from graph))), 0))
        ::float8 * (count(due_at) > 0)::int as "ageSeconds",
      greatest(0, coalesce(extract(epoch from (select until from graph) - now()), 0))::float8 as "pauseSeconds"
    from request
    -- Rows of runs wait for their pace, and for people.
    where due_at <= now() and priority > ${PRIORITY.run}::int and (lease_until is null or lease_until < now())`.execute(
    db,
  );
  const [figures] = rows;
  if (!figures) throw new Error('No figures of the queue');
  return figures;
}
