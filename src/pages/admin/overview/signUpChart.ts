import { OUTCOMES, type DayFigures, type Outcome } from '../../../requests/list/signUpFigures.js';

/** Units of the drawing; the page stretches it to its width. */
const SIZE = { width: 600, height: 160 };
const GAP = 0.25;
/** Days from one label below the axis to the next. */
const LABEL_EVERY = 5;
/** With fewer days that have sign-ups, a chart says less than the table. */
const LEAST_DAYS = 3;

export type Chart = {
  width: number;
  height: number;
  ticks: { y: number; value: number }[];
  columns: {
    day: string;
    total: number;
    labelled: boolean;
    x: number;
    width: number;
    parts: { outcome: Outcome; count: number; y: number; height: number }[];
  }[];
};

/** Whether enough days have sign-ups for a chart. */
export function hasChart(days: DayFigures[]): boolean {
  return days.filter(({ counts }) => counts.total > 0).length >= LEAST_DAYS;
}

/** Lays out a column for each day, its outcomes one upon the other. Pure; the view only writes it down. */
export function signUpChart(days: DayFigures[]): Chart {
  const { width, height } = SIZE;
  const step = tickStep(Math.max(1, ...days.map(({ counts }) => counts.total)));
  const tickCount = Math.ceil(Math.max(1, ...days.map(({ counts }) => counts.total)) / step);
  const scale = height / (tickCount * step);
  const slot = width / days.length;
  return {
    width,
    height,
    ticks: Array.from({ length: tickCount + 1 }, (_, index) => ({
      value: index * step,
      y: rounded(height - index * step * scale),
    })),
    columns: days.map(({ day, counts }, index) => {
      const x = index * slot;
      let below = 0;
      return {
        day,
        total: counts.total,
        labelled: (days.length - 1 - index) % LABEL_EVERY === 0,
        x: rounded(x + (slot * GAP) / 2),
        width: rounded(slot * (1 - GAP)),
        parts: OUTCOMES.filter((outcome) => counts[outcome] > 0).map((outcome) => {
          below += counts[outcome];
          return {
            outcome,
            count: counts[outcome],
            y: rounded(height - below * scale),
            height: rounded(counts[outcome] * scale),
          };
        }),
      };
    }),
  };
}

/** The smallest of 1, 2, 5, 10, 20 … by which at most five steps reach `highest`. */
function tickStep(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest / 5));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size * 5 >= highest);
  return Math.max(1, Math.round(step ?? 1));
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
