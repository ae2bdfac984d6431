import { pino, type DestinationStream, type Logger } from 'pino';
import { traceFields } from './activeSpan.js';

export type Log = Logger;

/**
 * Makes the process's logger: one JSON object a line on standard output.
 *
 * `error` is for what someone must act on. Callers pass ids, never addresses, tokens or links; the
 * redaction below is a second line of defence for what libraries attach to their errors, and for
 * what other servers say in the texts of theirs.
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

/** What JSON has escaped, which must stay whole; a token as Entra signs them; a mail address. */
const PRIVATE =
  /\\u[\da-f]{4}|\\.|eyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]+)?|[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/gi;

/** A line without the mail addresses and tokens that may stand in any text of it. */
function withoutAddresses(line: string): string {
  if (!line.includes('@') && !line.includes('eyJ')) return line;
  return line.replace(PRIVATE, (found) => {
    if (found.startsWith('\\')) return found;
    return found.includes('@') ? '<address>' : '<token>';
  });
}
