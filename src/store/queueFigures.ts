import { sql } from 'kysely';
import type { Db } from './schema.js';

export type QueueFigures = {
  /** Requests that have failed, or are held by something other than a reviewer's wish. */
  failing: number;
  /** Requests with work that is due and that no worker has. */
  depth: number;
  /** How long the oldest of them has waited, in seconds, not counting what a pause of Graph's held up; 0 without any. */
  ageSeconds: number;
  /** How long calls to Graph rest still. */
  pauseSeconds: number;
};

/** How the work stands, by partial indices alone: the number of finished requests does not count. */
export async function readQueueFigures(db: Db): Promise<QueueFigures> {
  const { rows } = await sql<QueueFigures>`
    with graph as (select max(until) as until from pause where name = 'graph')
    select
      (select count(*)::int from request
        where state in ('failed', 'held') and problem ->> 'code' is distinct from 'heldByReviewer') as "failing",
      count(due_at)::int as "depth",
      -- Whatever was due during a pause waits from its end on.
      greatest(0, coalesce(extract(epoch from now() - greatest(min(due_at), (select until from graph))), 0))
        ::float8 * (count(due_at) > 0)::int as "ageSeconds",
      greatest(0, coalesce(extract(epoch from (select until from graph) - now()), 0))::float8 as "pauseSeconds"
    from request
    where due_at <= now() and (lease_until is null or lease_until < now())`.execute(db);
  const [figures] = rows;
  if (!figures) throw new Error('No figures of the queue');
  return figures;
}
