import { hostname } from 'node:os';
import { createNoopMeter, type Meter } from '@opentelemetry/api';
import type { Config } from '../config.js';
import type { Log } from '../log.js';
import { createFigures, type Figures } from './figures.js';
import { observeProcess } from './gauges.js';
import { createTracing, untraced, type Tracing } from './tracing.js';

export type Telemetry = {
  figures: Figures;
  tracing: Tracing;
  /** For figures that are read with each collection. */
  meter: Meter;
  /** All figures as text for Prometheus; null without a token for them. */
  prometheus: (() => Promise<string>) | null;
  /** Sends what has not been sent yet, for as long as a stop may wait. */
  close(): Promise<void>;
};

const NAME = 'partner-portal';

/** Counts and records nothing. */
export const UNOBSERVED: Telemetry = {
  figures: createFigures(createNoopMeter()),
  tracing: untraced,
  meter: createNoopMeter(),
  prometheus: null,
  close: () => Promise.resolve(),
};

/**
 * Opens what the settings ask for: figures for Prometheus, figures and traces for Application Insights, both or neither. The
 * libraries for it are loaded only then: they take half a second of a start.
 */
export async function openTelemetry(
  { metricsToken, applicationInsights, port }: Pick<Config, 'metricsToken' | 'applicationInsights' | 'port'>,
  log: Log,
): Promise<Telemetry> {
  if (metricsToken === null && applicationInsights === null) return UNOBSERVED;
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const resource = resourceFromAttributes({
    'service.name': NAME,
    // A balancer gives each scrape to whichever instance it likes: their counters must not be taken for one.
    'service.instance.id': `${hostname()}:${port}`,
  });
  const [prometheus, azure] = await Promise.all([
    metricsToken === null
      ? null
      : import('./prometheus.js').then(({ openPrometheus }) => openPrometheus(log)),
    applicationInsights === null
      ? null
      : import('./azureMonitor.js').then(({ openAzureMonitor }) =>
          openAzureMonitor(applicationInsights, resource, log),
        ),
  ]);
  const { MeterProvider } = await import('@opentelemetry/sdk-metrics');
  const readers = [prometheus?.reader, azure?.reader].filter((reader) => reader !== undefined);
  const meters = new MeterProvider({ resource, readers });
  const meter = meters.getMeter(NAME);
  const endWatch = observeProcess(meter);
  return {
    figures: createFigures(meter),
    tracing: azure ? createTracing(azure.tracerFor(NAME)) : untraced,
    meter,
    prometheus: prometheus?.text ?? null,
    async close() {
      endWatch();
      prometheus?.close();
      await azure?.close();
    },
  };
}
