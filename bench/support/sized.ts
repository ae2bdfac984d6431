/** `npm run bench -- --smoke` only shows that every measure still runs: its figures say nothing. */
export const smoke = process.argv.includes('--smoke');

/** A count or a duration of a measure, and the small one of a smoke run. */
export function sized(full: number, small: number): number {
  return smoke ? small : full;
}
