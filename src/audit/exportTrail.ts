import { Readable, Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { findAuditEvents, type AuditFilter, type SealedRecord } from '../store/auditEvents.js';
import type { Db } from '../store/schema.js';

export type ExportFormat = 'csv' | 'jsonl';

const CHUNK = 1_000;
const COLUMNS = ['seq', 'hash', 'id', 'at', 'requestId', 'actor', 'action', 'detail'] as const;

/**
 * Writes the events that a filter lets through, oldest first, each with its seal, in chunks. Column for column it is what
 * the seals cover, so that whoever has the file can compute them again. In CSV a cell that a spreadsheet would take for a
 * formula begins with an apostrophe.
 *
 * @throws ERR_STREAM_PREMATURE_CLOSE when the reader goes away
 */
export async function exportTrail(
  db: Db,
  filter: AuditFilter,
  format: ExportFormat,
  out: Writable,
): Promise<void> {
  const events = Readable.from(eventsOf(db, filter));
  // Standard output is not to be closed: what is left to say comes after it.
  await pipeline(events, format === 'csv' ? toCsv() : toLines(), out, { end: out !== process.stdout });
}

async function* eventsOf(db: Db, filter: AuditFilter): AsyncGenerator<SealedRecord> {
  let after: string | null = null;
  for (;;) {
    const events: SealedRecord[] = await findAuditEvents(db, filter, {
      order: 'oldest',
      after,
      limit: CHUNK,
    });
    yield* events;
    if (events.length < CHUNK) return;
    after = events.at(-1)?.id ?? null;
  }
}

function toCsv(): Transform {
  return stringify({
    header: true,
    columns: [...COLUMNS],
    escape_formulas: true,
    record_delimiter: 'windows',
    // Otherwise a line feed inside a cell would be left as it is.
    quote_record_delimiter: true,
  });
}

function toLines(): Transform {
  return new Transform({
    writableObjectMode: true,
    transform(event: SealedRecord, _encoding, done) {
      const ordered = Object.fromEntries(COLUMNS.map((column) => [column, event[column]]));
      done(null, `${JSON.stringify(ordered)}\n`);
    },
  });
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?Z?$/;

/** Reads days, both included, or moments, in UTC; null when one is neither. Blank means without an end. */
export function parsePeriod(from = '', to = ''): Pick<AuditFilter, 'from' | 'before'> | null {
  const begin = momentOf(from, 0);
  const end = momentOf(to, 1);
  if (begin === null || end === null) return null;
  return { ...(begin && { from: begin }), ...(end && { before: end }) };
}

/** A moment as PostgreSQL reads it, a day being taken `days` later; undefined for nothing, null for what is none. */
function momentOf(text: string, days: number): string | undefined | null {
  if (text === '') return undefined;
  const isDay = DAY.test(text);
  if (!isDay && !MOMENT.test(text)) return null;
  const date = new Date(isDay || text.endsWith('Z') ? text : `${text}Z`);
  // The language's own reading would turn the 31st of April into the 1st of May.
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text.slice(0, 10)) return null;
  if (!isDay) return text.endsWith('Z') ? text : `${text}Z`;
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString();
}
