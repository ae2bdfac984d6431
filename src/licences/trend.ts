import { countMonths } from '../store/licences.js';
import { findReading, type ReadingProblem } from '../store/licenceReadings.js';
import type { Db } from '../store/schema.js';

/** `active` and `governed` are null for a month of which nothing was read. */
export type MonthFigures = { month: string; active: number | null; governed: number | null };

export type Trend = {
  /** Twelve months up to the present one, the oldest first. */
  months: MonthFigures[];
  /** When each was last read to its end, and why it could not be. */
  active: { at: Date | null; problem: ReadingProblem | null };
  governed: { at: Date | null; problem: ReadingProblem | null };
};

const MONTHS_SHOWN = 12;
export const MONTHS_KEPT = 13;

/** A month as `2026-11`, `back` months before the one of a moment (UTC). */
export function monthOf(moment: Date, back = 0): string {
  const first = Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth() - back, 1);
  return new Date(first).toISOString().slice(0, 7);
}

/** How many guests were active and governed in each month. */
export async function readTrend(db: Db, now: Date): Promise<Trend> {
  const months = Array.from({ length: MONTHS_SHOWN }, (_, index) => monthOf(now, MONTHS_SHOWN - 1 - index));
  const counts = await countMonths(db, months[0] ?? '');
  const [active, governed] = [await findReading(db, 'active'), await findReading(db, 'governed')];
  const countOf = (kind: 'active' | 'governed', month: string) => {
    const { data } = kind === 'active' ? active : governed;
    if (data?.months[month] === undefined) return null;
    return counts.find((one) => one.kind === kind && one.month === month)?.count ?? 0;
  };
  return {
    months: months.map((month) => ({
      month,
      active: countOf('active', month),
      governed: countOf('governed', month),
    })),
    active: { at: active.read_at, problem: active.problem },
    governed: { at: governed.read_at, problem: governed.problem },
  };
}
