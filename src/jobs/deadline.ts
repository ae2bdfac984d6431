export type Deadline = {
  /** Aborted when the time is up, or one of the other signals is. */
  signal: AbortSignal;
  /** Whether it was the time that was up. */
  passed(): boolean;
  /** Has to be called when the work is over. */
  clear(): void;
};

/**
 * Bounds a piece of work that reaches out to somebody else, whatever they send meanwhile: a time-out of a socket begins again
 * with every byte. (`AbortSignal.any` is not used, since Node 20 keeps what it makes for as long as its sources live.)
 */
export function startDeadline(seconds: number, others: AbortSignal[]): Deadline {
  const controller = new AbortController();
  let passed = false;
  const timer = setTimeout(() => {
    passed = true;
    controller.abort(new DOMException(`Not done within ${seconds} s`, 'TimeoutError'));
  }, seconds * 1000);
  const abort = () => {
    controller.abort();
  };
  for (const other of others) {
    other.addEventListener('abort', abort);
    if (other.aborted) abort();
  }
  return {
    signal: controller.signal,
    passed: () => passed,
    clear() {
      clearTimeout(timer);
      for (const other of others) other.removeEventListener('abort', abort);
    },
  };
}
