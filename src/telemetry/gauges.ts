import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from '@opentelemetry/api';
import type { QueueFigures } from '../store/queueFigures.js';

const WINDOW_MS = 10_000;

/** How this process is. Returns what ends the watch. */
export function observeProcess(meter: Meter): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let longest = 0;
  // Several readers read at times of their own: none of them may reset the others' window.
  const timer = setInterval(() => {
    longest = delay.max / 1e9;
    delay.reset();
  }, WINDOW_MS).unref();
  meter
    .createObservableGauge('portal.process.event.loop.delay', {
      description: 'The longest that everything stood still, of the last ten seconds',
      unit: 's',
    })
    .addCallback((result) => {
      result.observe(longest);
    });
  meter
    .createObservableGauge('portal.process.memory', {
      description: 'Memory of the process (RSS)',
      unit: 'By',
    })
    .addCallback((result) => {
      result.observe(process.memoryUsage.rss());
    });
  meter
    .createObservableGauge('portal.process.uptime', { description: 'Since the process began', unit: 's' })
    .addCallback((result) => {
      result.observe(process.uptime());
    });
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}

/** Figures that only the store has, read with each collection; for a store that does not answer, only that it is down. */
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
      // The gauge says that it failed; the log says why, where the store was needed.
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
