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

/** Long enough for the compiler and the garbage collector to weigh little. */
const LEAST_MS = 100;

/**
 * How many times the processor time of `base` the other work takes: says of an algorithm, on any machine, that it does not grow
 * faster than it should.
 */
export async function timesAsLong(work: () => unknown, base: () => unknown): Promise<number> {
  return (await msEach(work)) / (await msEach(base));
}

/** The processor time of one run, of the best of three rounds. */
async function msEach(work: () => unknown): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < 3; round++) {
    let spent = 0;
    let runs = 0;
    for (; spent < LEAST_MS; runs++) spent += (await processorTime(work)).cpuMs;
    rounds.push(spent / runs);
  }
  return Math.min(...rounds);
}
