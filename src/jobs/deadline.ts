export type Deadline = {
  /** Aborted when the time is up, or one of the other signals is. */
  signal: AbortSignal;
  /** Whether the time is up. */
  passed(): boolean;
  /** Must be called when the work has ended. */
  clear(): void;
};

/**
 * Limits the time of work with a remote service, even while the service goes on sending: a socket's time-out begins again with
 * every byte. (`AbortSignal.any` is not used, since in Node 20 its signals live as long as their sources.)
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
