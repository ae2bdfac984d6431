import { pino, type DestinationStream, type Logger } from 'pino';
import { traceFields } from './telemetry/activeSpan.js';

export type Log = Logger;

/**
 * Makes the process's logger: one JSON object a line on standard output.
 *
 * `error` is for what someone must act on. Callers pass ids, never addresses, tokens or links; the
 * redaction below is a second line of defence for what libraries attach to their errors.
 */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: traceFields,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: [
        '*.headers',
        '*.config',
        '*.body',
        '*.request',
        '*.response',
        'err.params',
        'err.parameters',
        'err.query',
        'err.detail',
        'err.where',
      ],
      remove: true,
    },
  };
  return destination ? pino(options, destination) : pino(options);
}
