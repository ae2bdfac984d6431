/** What a piece of work cost: `cpuMs` of processor time, which other work on the machine does not lengthen, and `ms` on the clock. */
export async function processorTime<T>(
  work: () => T | Promise<T>,
): Promise<{ result: T; cpuMs: number; ms: number }> {
  const start = performance.now();
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, cpuMs: (user + system) / 1000, ms: Math.round(performance.now() - start) };
}

/**
 * How many times the processor time of `base` the other work takes: says of an algorithm, on any machine, that it does not grow
 * faster than it should. The best of three each, since the compiler and the garbage collector come and go.
 */
export async function timesAsLong(work: () => unknown, base: () => unknown): Promise<number> {
  const least = async (one: () => unknown) => {
    const runs: number[] = [];
    for (let run = 0; run < 3; run++) runs.push((await processorTime(one)).cpuMs);
    return Math.min(...runs);
  };
  return (await least(work)) / (await least(base));
}
