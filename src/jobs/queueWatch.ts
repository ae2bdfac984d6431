import type { Log } from '../log.js';
import type { QueueFigures } from '../store/queueFigures.js';

/** Makes the work that logs, once each time, that the queue stands still, and that it moves again. */
export function queueWatch(
  read: () => Promise<QueueFigures>,
  log: Log,
  standstillSeconds: number,
): () => Promise<void> {
  let still = false;
  return async () => {
    const { ageSeconds, depth } = await read();
    const was = still;
    still = ageSeconds > standstillSeconds;
    const figures = { oldestDueSeconds: Math.round(ageSeconds), due: depth };
    if (still && !was) log.error(figures, 'the queue stands still: requests are due that no worker claims');
    else if (was && !still) log.info(figures, 'the queue moves again');
  };
}
