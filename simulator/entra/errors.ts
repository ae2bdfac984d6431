import { randomUUID } from 'node:crypto';
import type { Reply } from '../reply.js';

/** An error of the token endpoint, in Entra's own shape (not Graph's). */
export function entraError(status: number, error: string, code: number, message: string): Reply {
  const [traceId, correlationId, timestamp] = [randomUUID(), randomUUID(), entraTime()];
  return {
    status,
    body: {
      error,
      error_description: `AADSTS${code}: ${message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
    },
  };
}

export function missingParameter(name: string): Reply {
  return entraError(400, 'invalid_request', 900144, missing(name));
}

/** Entra's words for a missing parameter; it says "body" for a query too. */
export function missing(name: string): string {
  return `The request body must contain the following parameter: '${name}'.`;
}

function entraTime(): string {
  return `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
