/**
 * Lets everybody who asks at about the same time share one answer: a flood of questions is one look at what is asked about.
 *
 * @param options.forMs how long an answer, or a refusal, counts
 * @param options.withinMs how long is waited for it
 * @throws Error when it takes longer, or whatever `read` throws
 */
export function sharedRead<T>(
  read: () => Promise<T>,
  { forMs, withinMs }: { forMs: number; withinMs: number },
): () => Promise<T> {
  let latest: Promise<T> | null = null;
  let until = 0;
  return () => {
    if (latest && performance.now() < until) return latest;
    // Until it is there, an answer counts: otherwise a slow one would be asked for again and again.
    until = Infinity;
    latest = inTime(read, withinMs).finally(() => {
      until = performance.now() + forMs;
    });
    return latest;
  };
}

async function inTime<T>(read: () => Promise<T>, withinMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`No answer within ${withinMs} ms`));
    }, withinMs);
  });
  try {
    return await Promise.race([read(), late]);
  } finally {
    clearTimeout(timer);
  }
}
