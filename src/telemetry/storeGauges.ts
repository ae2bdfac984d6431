import type { Meter } from '@opentelemetry/api';
import type { QueueFigures } from '../store/queueFigures.js';

/** Figures that the store alone knows, read when somebody asks; of a store that does not answer, that it is down. */
export function observeStore(meter: Meter, read: () => Promise<QueueFigures>): void {
  const gauge = (name: string, description: string, unit = '') =>
    meter.createObservableGauge(name, { description, unit });
  const up = gauge(
    'portal.store.up',
    '1 while the store answers, else 0, and no other figure of the store is there',
  );
  const failing = gauge(
    'portal.requests.failing',
    'Requests that have failed, or are held by something other than a reviewer',
  );
  const depth = gauge('portal.queue.depth', 'Requests with work that is due, in no worker’s hands');
  const age = gauge(
    'portal.queue.age',
    'How long the oldest of them has waited; not while calls to Graph rest',
    's',
  );
  const pause = gauge('portal.graph.pause', 'For how long calls to Graph still rest', 's');
  meter.addBatchObservableCallback(
    async (result) => {
      // The gauge says that it failed; why is in the log of whoever needed the store.
      const figures = await read().catch(() => null);
      result.observe(up, figures ? 1 : 0);
      if (!figures) return;
      result.observe(failing, figures.failing);
      result.observe(depth, figures.depth);
      result.observe(age, figures.ageSeconds);
      result.observe(pause, figures.pauseSeconds);
    },
    [up, failing, depth, age, pause],
  );
}
