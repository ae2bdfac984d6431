import type { MonthFigures } from '../../../licences/trend.js';

/** Units of the drawing; the page stretches it to its width. */
const SIZE = { width: 600, height: 120 };
const GAP = 0.25;

export type MonthChart = {
  width: number;
  height: number;
  highest: number;
  columns: { month: string; active: number | null; x: number; y: number; width: number; height: number }[];
};

/** A column for each month's active guests; null where there is none to draw. Pure; the view only writes it down. */
export function monthChart(months: readonly MonthFigures[]): MonthChart | null {
  const known = months.flatMap(({ active }) => active ?? []);
  const highest = Math.max(0, ...known);
  if (highest === 0) return null;
  const slot = SIZE.width / months.length;
  return {
    ...SIZE,
    highest,
    columns: months.map(({ month, active }, index) => {
      const height = Math.round(((active ?? 0) / highest) * SIZE.height);
      return {
        month,
        active,
        x: Math.round(index * slot + (slot * GAP) / 2),
        y: SIZE.height - height,
        width: Math.round(slot * (1 - GAP)),
        height,
      };
    }),
  };
}
