import { recentPace } from '../../../store/runRequests.js';
import { countToUndo } from '../../../store/runUndo.js';
import { type RowState } from '../../../store/runRows.js';
import type { Db, RunData } from '../../../store/schema.js';

/** The tabs over the rows and their states. */
export const TABS: Record<string, readonly RowState[]> = {
  all: [],
  invite: ['invite'],
  grant: ['grant'],
  underWay: ['queued'],
  done: ['provisioned'],
  unchanged: ['unchanged', 'open'],
  duplicate: ['duplicate'],
  failed: ['failed', 'held', 'pending', 'denied', 'lapsed'],
  refused: ['refused'],
  undone: ['revoked'],
};

/** Rows with a request. */
const WORK: readonly RowState[] = [
  'queued',
  'provisioned',
  'failed',
  'held',
  'pending',
  'denied',
  'lapsed',
  'revoked',
];

/** How many rows are in any of these states; all rows for none. */
export function shareOf(counts: ReadonlyMap<RowState, number>, states: readonly RowState[]): number {
  const chosen = states.length === 0 ? [...counts.keys()] : states;
  return chosen.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0);
}

export function isUnderWay({ state }: RunData): boolean {
  return state === 'running' || state === 'stopping' || state === 'undoing';
}

export type Progress = {
  counts: Record<
    | 'all'
    | 'invite'
    | 'grant'
    | 'unchanged'
    | 'open'
    | 'duplicate'
    | 'refused'
    | 'lapsed'
    | 'done'
    | 'failed'
    | 'left'
    | 'work'
    | 'ended',
    number
  >;
  underWay: boolean;
  /** Rows a minute, by the last minute; null while nothing moves. */
  perMinute: number | null;
  minutesLeft: number | null;
};

/** How far a run is. */
export async function progressOf(
  db: Db,
  run: RunData,
  counts: ReadonlyMap<RowState, number>,
): Promise<Progress> {
  const of = (states: readonly RowState[]) => shareOf(counts, states);
  const left = run.state === 'undoing' ? await countToUndo(db, run.id) : (counts.get('queued') ?? 0);
  const work = of(WORK);
  const recent = isUnderWay(run) ? await recentPace(db, run.id) : 0;
  const seconds = run.started_at ? Math.max(1, (Date.now() - run.started_at.getTime()) / 1000) : 60;
  const perMinute = recent > 0 ? Math.max(1, Math.round((recent * 60) / Math.min(60, seconds))) : null;
  return {
    counts: {
      all: of([]),
      invite: of(['invite']),
      grant: of(['grant']),
      unchanged: of(['unchanged', 'grant']),
      open: of(['open']),
      duplicate: of(['duplicate']),
      lapsed: of(['lapsed']),
      refused: of(['refused']),
      done: of(['provisioned']),
      failed: of(TABS.failed ?? []) - of(['lapsed']),
      left,
      work,
      // What was never begun is not done.
      ended: work - left - of(['lapsed']),
    },
    underWay: isUnderWay(run),
    perMinute,
    minutesLeft: perMinute === null || left === 0 ? null : Math.ceil(left / perMinute),
  };
}
