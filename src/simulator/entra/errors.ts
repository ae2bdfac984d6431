import { randomUUID } from 'node:crypto';
import type { Reply } from '../graph/call.js';

/** An error of the token endpoint, in Entra's own shape (not Graph's). */
export function entraError(status: number, error: string, code: number, message: string): Reply {
  const [traceId, correlationId] = [randomUUID(), randomUUID()];
  const timestamp = `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`;
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
