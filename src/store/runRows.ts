import { sql } from 'kysely';
import type { Db, Problem, RequestState, RowOutcome, RunRowData, SheetRow } from './schema.js';

export function findRows(db: Db, id: string): Promise<RunRowData[]> {
  return db.selectFrom('run_row').selectAll().where('run_id', '=', id).orderBy('position').execute();
}

/** A row's progress: how it was judged, and the state of its request. */
export type RowState = RowOutcome | RequestState;

/** How many rows of a run are in each state. Rows with a request count by its state. */
export async function countRows(db: Db, id: string): Promise<Map<RowState, number>> {
  const { rows } = await sql<{ state: RowState; count: number }>`
    select ${ROW_STATE} as state, count(*)::int as count
    from run_row left join request on request.id = run_row.request_id
    where run_row.run_id = ${id}::uuid group by 1`.execute(db);
  return new Map(rows.map(({ state, count }) => [state, count]));
}

const ROW_STATE = sql<RowState>`coalesce(request.state, run_row.outcome)`;

export type RunLine = RunRowData & {
  state: RowState;
  problem: Problem | null;
  guest_id: string | null;
};

/**
 * Rows of a run in the order of the file, from `after` on.
 *
 * @param states in which rows are listed; all without any
 */
export async function listRows(
  db: Db,
  id: string,
  { states = [], after = -1, limit }: { states?: readonly RowState[]; after?: number; limit: number },
): Promise<RunLine[]> {
  const { rows } = await sql<RunLine>`
    select run_row.*, ${ROW_STATE} as state, request.problem,
      coalesce(request.guest_id::text, found -> 'guest' ->> 'id') as guest_id
    from run_row left join request on request.id = run_row.request_id
    where run_row.run_id = ${id}::uuid and position > ${after}::int
      and (${states.length === 0} or ${ROW_STATE} = any(${[...states]}::text[]))
    order by position limit ${limit}::int`.execute(db);
  return rows;
}

/** The lines of rows that came out otherwise when somebody was about to start them. */
export async function findChangedLines(db: Db, id: string, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('run_row')
    .select('line')
    .where('run_id', '=', id)
    .where(sql<boolean>`verdict -> 'changed' = 'true'`)
    .orderBy('position')
    .limit(limit)
    .execute();
  return rows.map(({ line }) => line);
}

/** How many people of a preview are invited without an email because their row says so. */
export async function countWithoutMail(db: Db, id: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from run_row
    where run_id = ${id}::uuid and outcome = 'invite' and typed -> 'sendMail' = 'false'`.execute(db);
  return rows[0]?.count ?? 0;
}

/** A row that says nothing. */
export const NO_ROW: SheetRow = {
  line: 0,
  email: '',
  displayName: '',
  firstName: '',
  lastName: '',
  company: '',
  redirectUrl: '',
  apps: [],
  groups: [],
  language: '',
  message: '',
  sendMail: null,
  surplus: '',
};

/** Rows of an address; one that nobody can invite is only in what was typed. */
const names = (address: string) =>
  sql<boolean>`(run_row.address = ${address} or lower(typed ->> 'email') = ${address})`;

/** Removes what the rows of old runs, of an address, or of requests say of people. The numbers and states stay. */
export async function forgetRows(
  trx: Db,
  which: { days: number } | { address: string } | { requests: readonly string[] },
): Promise<void> {
  const chosen =
    'address' in which
      ? names(which.address)
      : 'requests' in which
        ? sql`run_row.request_id = any(${[...which.requests]}::uuid[])`
        : sql`typed ->> 'email' <> '' and run.created_at < now() - ${which.days}::int * interval '1 day'`;
  await sql`
    update run_row set address = null, typed = ${JSON.stringify(NO_ROW)}::jsonb, found = null, verdict = verdict - 'value' - 'instead'
      - case when verdict ->> 'rule' like '%@%' then 'rule' else '' end
    from run where run.id = run_row.run_id and ${chosen}`.execute(trx);
  if ('days' in which) {
    // Microsoft's words about what halted a run may name a person.
    await sql`
      update run set problem = problem - 'detail'
      where problem ? 'detail' and created_at < now() - ${which.days}::int * interval '1 day'`.execute(trx);
  }
}

/** The rows of previews and runs that name an address. */
export function findRowsOf(db: Db, address: string) {
  return db
    .selectFrom('run_row')
    .select(['run_id', 'line', 'typed', 'found', 'outcome', 'verdict', 'request_id', 'undone'])
    .where(names(address))
    .execute();
}
