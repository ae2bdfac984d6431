import { sql } from 'kysely';
import { takeTurns } from './budget.js';
import { PRIORITY } from './leases.js';
import type { Db } from './schema.js';

/** The turns of the mails of runs; see `takeTurns`. */
export const RUN_MAILS = 'mails of runs';

/** The requests of a run whose guests were invited without a mail, and for whom none was ordered since. */
const notMailed = (runId: string) => sql`
  select request.id from request
  join step as invitation on invitation.request_id = request.id and invitation.key = 'invitation'
  where run_id = ${runId}::uuid and request.state = 'provisioned' and due_at is null and anonymised_at is null
    and bulk ->> 'mail' = 'false' and invitation.detail -> 'guest' ->> 'accepted' = 'false'
    and invitation.detail -> 'guest' ->> 'created' = 'true'
    and not exists (select from step where step.request_id = request.id and step.key like 'resend:%')`;

export async function countNotMailed(db: Db, runId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from (${notMailed(runId)}) as listed`.execute(db);
  return rows[0]?.count ?? 0;
}

/**
 * Orders their mails, each for a turn of its own and behind people who sign up.
 *
 * @param position of the step, after every other
 * @returns how many there are
 */
export async function queueRunMails(
  trx: Db,
  runId: string,
  { perMinute, position }: { perMinute: number; position: number },
): Promise<number> {
  const count = await countNotMailed(trx, runId);
  if (count === 0) return 0;
  const { at } = await takeTurns(trx, RUN_MAILS, { perMinute, count });
  const { rows } = await sql`
    with listed as (
      select id, row_number() over (order by id) - 1 as turn from (${notMailed(runId)}) as chosen
    ), due as (
      update request set priority = ${PRIORITY.later}::int, version = version + 1, updated_at = now(),
        due_at = ${at}::timestamptz + turn * ${60 / perMinute}::float8 * interval '1 second'
      from listed where request.id = listed.id and request.due_at is null
      returning request.id
    )
    insert into step (request_id, key, position, state, detail)
    select id, 'resend:1', ${position}::int, 'waiting', '{}' from due returning 1`.execute(trx);
  return rows.length;
}
