import {
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { activeSpan, readTraceparent, withSpan } from '../activeSpan.js';

export type SpanOf = {
  /** Of a short list: names hold no path, no id and no address. */
  name: string;
  kind?: SpanKind;
  attributes?: Attributes;
  /** Another trace from which this work comes, as a `traceparent`. */
  from?: string | null;
};

/** A span records a piece of work, and of which other it is a part. */
export type Tracing = {
  /** Begins a span that the caller ends, and runs work in it. */
  begin<T>(of: SpanOf, work: (span: Span) => T): T;
  /** Records one piece of work, and whether it failed. */
  span<T>(of: SpanOf, work: (span: Span) => Promise<T>): Promise<T>;
};

const NOTHING = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** For portals without a reader of traces. */
export const untraced: Tracing = {
  begin: (_of, work) => work(NOTHING),
  span: (_of, work) => work(NOTHING),
};

export function createTracing(tracer: Tracer): Tracing {
  function start({ name, kind = SpanKind.INTERNAL, attributes = {}, from = null }: SpanOf): Span {
    const parent = activeSpan();
    const origin = readTraceparent(from);
    const links = origin ? [{ context: origin }] : [];
    const context = parent ? trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    return tracer.startSpan(name, { kind, attributes, links }, context);
  }
  return {
    begin(of, work) {
      const span = start(of);
      return withSpan(span, () => work(span));
    },
    async span(of, work) {
      const span = start(of);
      try {
        return await withSpan(span, () => work(span));
      } catch (error) {
        span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
        // Without the message: it may name the person.
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
  };
}
