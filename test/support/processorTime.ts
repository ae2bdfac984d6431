/** What a piece of work cost: `cpuMs` of processor time, which other work on the machine does not lengthen, and `ms` on the clock. */
export async function processorTime<T>(
  work: () => T | Promise<T>,
): Promise<{ result: T; cpuMs: number; ms: number }> {
  const start = performance.now();
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, cpuMs: Math.round((user + system) / 1000), ms: Math.round(performance.now() - start) };
}
