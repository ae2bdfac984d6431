import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from '@opentelemetry/api';

const WINDOW_MS = 10_000;

/** How this process is. Returns what ends the watch. */
export function observeProcess(meter: Meter): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let longest = 0;
  // Several readers ask, each at times of its own: none of them may begin the others' window anew.
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
