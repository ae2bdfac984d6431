import { setTimeout as sleep } from 'node:timers/promises';
import {
  AzureMonitorMetricExporter,
  AzureMonitorTraceExporter,
  type AzureMonitorExporterOptions,
} from '@azure/monitor-opentelemetry-exporter';
import type { Tracer } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { PeriodicExportingMetricReader, type IMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { codeOf } from '../codeOf.js';
import type { Log } from '../log.js';

/** Metric alerts look at minutes. */
const METRICS_EVERY_MS = 60_000;
const SPANS_EVERY_MS = 5_000;
const SEND_WITHIN_MS = 10_000;
/** A stop has 25 s for everything, and what is not sent then is lost: it is about the past. */
const CLOSE_WITHIN_MS = 3_000;

export type AzureMonitor = { reader: IMetricReader; tracerFor(name: string): Tracer; close(): Promise<void> };

/** Sends figures and traces to Application Insights. Every trace is sent: a portal has thousands of requests a day, no millions. */
export function openAzureMonitor(connectionString: string, resource: Resource, log: Log): AzureMonitor {
  // Otherwise the exporter reports on itself, to Microsoft: https://learn.microsoft.com/azure/azure-monitor/app/statsbeat.
  // It takes this by the environment alone.
  process.env.APPLICATION_INSIGHTS_NO_STATSBEAT ??= 'true';
  const options = {
    connectionString,
    // The disk may be read-only, and nothing cleans it up.
    disableOfflineStorage: true,
    retryOptions: { maxRetries: 1 },
    additionalPolicies: noteOutages(log),
  };
  const reader = new PeriodicExportingMetricReader({
    exporter: new AzureMonitorMetricExporter(options),
    exportIntervalMillis: METRICS_EVERY_MS,
    exportTimeoutMillis: SEND_WITHIN_MS,
  });
  const spans = new BatchSpanProcessor(new AzureMonitorTraceExporter(options), {
    scheduledDelayMillis: SPANS_EVERY_MS,
    exportTimeoutMillis: SEND_WITHIN_MS,
  });
  const tracers = new BasicTracerProvider({ resource, spanProcessors: [spans] });
  return {
    reader,
    tracerFor: (name) => tracers.getTracer(name),
    async close() {
      const cut = new AbortController();
      const sent = Promise.allSettled([reader.shutdown(), tracers.shutdown()]);
      const late = sleep(CLOSE_WITHIN_MS, 'late', { signal: cut.signal, ref: false }).catch(() => 'sent');
      if ((await Promise.race([sent, late])) === 'late')
        log.warn('the last figures and traces could not be sent');
      cut.abort();
    },
  };
}

type Policies = NonNullable<AzureMonitorExporterOptions['additionalPolicies']>;

/**
 * Says in the log that nothing arrives any more, and that it does again. It looks at the answers themselves: the exporter,
 * where it may not put things by on a disk, calls it a success when it has thrown them away.
 */
function noteOutages(log: Log): Policies {
  let failing = false;
  function note(reason: string | null): void {
    const fails = reason !== null;
    if (fails && !failing) log.warn({ reason }, 'figures and traces cannot be sent');
    if (!fails && failing) log.info('figures and traces are sent again');
    failing = fails;
  }
  return [
    {
      position: 'perCall',
      policy: {
        name: 'noteOutages',
        async sendRequest(request, next) {
          try {
            const response = await next(request);
            note(response.status === 200 ? null : `answered ${response.status}`);
            return response;
          } catch (error) {
            note(codeOf(error) || (error as Error).name);
            throw error;
          }
        },
      },
    },
  ];
}
