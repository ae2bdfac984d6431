import { pino, type DestinationStream, type Logger } from 'pino';
import { traceFields } from './activeSpan.js';

export type Log = Logger;

/**
 * Makes the process's logger: one JSON object a line on standard output.
 *
 * `error` means that someone must act. Callers pass ids, never addresses, tokens or links. The redaction
 * below is a second line of defence against what libraries and other servers put into their errors.
 */
export function createLog(level: string, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: traceFields,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: { streamWrite: withoutAddresses },
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

/** An escape of JSON, which must stay whole; a token of Entra; a mail address. */
const PRIVATE =
  /\\u[\da-f]{4}|\\.|eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]+)?|[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/gi;

/** A line without mail addresses and tokens. */
function withoutAddresses(line: string): string {
  if (!line.includes('@') && !line.includes('eyJ')) return line;
  return line.replace(PRIVATE, (found) => {
    if (found.startsWith('\\')) return found;
    return found.includes('@') ? '<address>' : '<token>';
  });
}
