/**
 * Makes simultaneous callers share one call and its outcome, so that a flood of callers is one call at a time. Neither an outcome
 * nor a failure is kept afterwards.
 */
export function sharedCall<T>(call: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | null = null;
  return () =>
    (underWay ??= call().finally(() => {
      underWay = null;
    }));
}

/**
 * Makes readers at about the same time share one answer, also for a while after it has come.
 *
 * @param options.forMs how long an answer, or a failure, is kept
 * @param options.withinMs how long a read may take
 * @throws Error when it takes longer, or what `read` throws
 */
export function sharedRead<T>(
  read: () => Promise<T>,
  { forMs, withinMs }: { forMs: number; withinMs: number },
): () => Promise<T> {
  let latest: Promise<T> | null = null;
  let until = 0;
  return () => {
    if (latest && performance.now() < until) return latest;
    // Readers wait for a slow answer too; otherwise each would begin another read.
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
