import autocannon from 'autocannon';

const CONNECTIONS = 8;

export type Load = { perSecond: number; answers: number };

/**
 * Loads a server over a few connections, either for some seconds or with a number of requests, and expects every
 * answer to have `status`.
 *
 * @throws when an answer has another status, or does not come
 */
export async function load(
  options: autocannon.Options & ({ duration: number } | { amount: number }),
  status: number,
): Promise<Load> {
  const { result, seconds } = await run({ connections: CONNECTIONS, sampleInt: 50, ...options });
  const counted = Object.entries(result.statusCodeStats ?? {}).map(([code, { count = 0 }]) => ({
    code,
    count,
  }));
  const answers = counted.find(({ code }) => code === String(status))?.count ?? 0;
  if (result.errors > 0 || counted.length !== 1 || answers === 0) {
    const seen = counted.map(({ code, count }) => `${count} × ${code}`).join(', ');
    throw new Error(
      `${options.url}: expected ${status}, had ${result.errors} errors and ${seen || 'no answer'}`,
    );
  }
  return { perSecond: answers / seconds, answers };
}

/** The time runs to the last answer, not to autocannon's next look at the clock. */
function run(options: autocannon.Options): Promise<{ result: autocannon.Result; seconds: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let last = start;
    const instance = autocannon(options, (error: unknown, result: autocannon.Result) => {
      if (error) reject(error instanceof Error ? error : new Error('autocannon failed', { cause: error }));
      else resolve({ result, seconds: (last - start) / 1000 });
    });
    instance.on('response', () => {
      last = performance.now();
    });
  });
}
