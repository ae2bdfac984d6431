export function median(values: number[]): number {
  return percentile(values, 50);
}

/** The smallest of `values` that at least `percent` of them do not exceed. */
export function percentile(values: number[], percent: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const found = sorted[Math.ceil((percent / 100) * sorted.length) - 1];
  if (found === undefined) throw new Error('Nothing was measured');
  return found;
}

/** Runs `task` for each item, at most `width` at a time. */
export async function eachOf<T>(items: T[], width: number, task: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  async function takeTurns(): Promise<void> {
    for (const item of rest) await task(item);
  }
  await Promise.all(Array.from({ length: width }, takeTurns));
}

export function countOf(names: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
