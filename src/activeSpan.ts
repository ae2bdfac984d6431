import { AsyncLocalStorage } from 'node:async_hooks';
import { isSpanContextValid, TraceFlags, type Span, type SpanContext } from '@opentelemetry/api';

// One for the process, so that a log line or a job can name its trace wherever it is written. OpenTelemetry's own way is a
// global context manager, which whatever else is loaded could replace.
const active = new AsyncLocalStorage<Span>();

/** Runs work in a span, with everything that it leaves running. */
export function withSpan<T>(span: Span, work: () => T): T {
  return active.run(span, work);
}

/** The span in whose work this is called. */
export function activeSpan(): Span | undefined {
  return active.getStore();
}

/** What a log line says of the trace that it belongs to. */
export function traceFields(): { traceId?: string } {
  const span = active.getStore();
  return span ? { traceId: span.spanContext().traceId } : {};
}

/** The active span as text for another process (https://www.w3.org/TR/trace-context/#traceparent-header). */
export function traceparent(): string | null {
  const context = active.getStore()?.spanContext();
  if (!context || !isSpanContextValid(context)) return null;
  return `00-${context.traceId}-${context.spanId}-${context.traceFlags.toString(16).padStart(2, '0')}`;
}

/** Reads what {@link traceparent} has written; null for anything else. */
export function readTraceparent(text: string | null): SpanContext | null {
  const parts = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text ?? '');
  if (!parts) return null;
  const [, traceId = '', spanId = '', flags = ''] = parts;
  const traceFlags = flags === '01' ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return { traceId, spanId, traceFlags, isRemote: true };
}
