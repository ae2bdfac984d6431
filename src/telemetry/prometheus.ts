import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import {
  AggregationTemporality,
  InstrumentType,
  type IMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import type { Log } from '../log.js';

/** Figures that others read pile up in the library until this reader has read them, too. */
const READ_AT_LEAST_EVERY_MS = 5 * 60_000;

export type Prometheus = { reader: IMetricReader; text: () => Promise<string>; close: () => void };

/** Counters add up from the start of the process; gauges show only what was seen just now. */
class Reader extends PrometheusExporter {
  override selectAggregationTemporality(type: InstrumentType): AggregationTemporality {
    const gauge = type === InstrumentType.OBSERVABLE_GAUGE;
    return gauge ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
  }
}

/** Figures as Prometheus reads them. */
export function openPrometheus(log: Log): Prometheus {
  const reader = new Reader({ preventServerStart: true });
  // Every figure carries the instance: see `telemetry.ts`.
  const serializer = new PrometheusSerializer(undefined, false, /^service\.instance\.id$/, true, true);
  const read = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    // The exporter's own handler would answer 200 with a fault in a comment.
    if (errors.length > 0) log.warn({ err: errors[0] }, 'some figures could not be read');
    return resourceMetrics;
  };
  const timer = setInterval(() => void read(), READ_AT_LEAST_EVERY_MS).unref();
  return {
    reader,
    async text() {
      const found = await read();
      const scopeMetrics = found.scopeMetrics.map(({ scope, metrics }) => ({
        scope,
        metrics: metrics.map(withUnit),
      }));
      return serializer.serialize({ ...found, scopeMetrics });
    },
    close: () => {
      clearInterval(timer);
    },
  };
}

const UNITS: Partial<Record<string, string>> = { s: 'seconds', By: 'bytes' };

/** Prometheus has units in names, which the exporter leaves to others (https://prometheus.io/docs/practices/naming/). */
function withUnit<Metric extends MetricData>(metric: Metric): Metric {
  const { name, unit } = metric.descriptor;
  const suffix = UNITS[unit];
  if (suffix === undefined) return metric;
  return { ...metric, descriptor: { ...metric.descriptor, name: `${name}_${suffix}`, unit: '' } };
}
