import { AsyncLocalStorage } from 'node:async_hooks';
import { isSpanContextValid, TraceFlags, type Span, type SpanContext } from '@opentelemetry/api';

// One for the process, so that every log line and every due request can name its trace. OpenTelemetry's own way is a global context
// manager, which any other library could replace.
const active = new AsyncLocalStorage<Span>();

/** Runs work in a span. The span is active also in whatever the work starts. */
export function withSpan<T>(span: Span, work: () => T): T {
  return active.run(span, work);
}

/** The span of the running work. */
export function activeSpan(): Span | undefined {
  return active.getStore();
}

/** The fields of a log line that name its trace. */
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
