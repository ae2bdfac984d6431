import { Readable, Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { csvStream } from '../csv.js';
import { findAuditEvents, type AuditFilter, type SealedRecord } from '../store/auditEvents.js';
import type { Db } from '../store/schema.js';

export type ExportFormat = 'csv' | 'jsonl';

const CHUNK = 1_000;
/** The columns that the seals cover, so that a reader of the export can compute the seals again. */
export const TRAIL_COLUMNS = ['seq', 'hash', 'id', 'at', 'requestId', 'actor', 'action', 'detail'] as const;

/** The events that match a filter, oldest first, each with its seal; at most one chunk is in memory. */
export async function* eachEvent(db: Db, filter: AuditFilter): AsyncGenerator<SealedRecord, void, undefined> {
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

/**
 * Writes the events that match a filter.
 *
 * @throws ERR_STREAM_PREMATURE_CLOSE when the reader goes away
 */
export async function writeTrail(
  db: Db,
  filter: AuditFilter,
  format: ExportFormat,
  out: Writable,
): Promise<void> {
  const events = Readable.from(eachEvent(db, filter));
  // Standard output stays open: the command may write more.
  const options = { end: out !== process.stdout };
  if (format === 'csv') await pipeline(events, toRows(), csvStream(TRAIL_COLUMNS), out, options);
  else await pipeline(events, toLines(), out, options);
}

/** An event as the cells of a row. */
export function rowOf(event: SealedRecord): (string | number | null)[] {
  return TRAIL_COLUMNS.map((column) => event[column]);
}

function toRows(): Transform {
  return new Transform({
    objectMode: true,
    transform(event: SealedRecord, _encoding, done) {
      done(null, rowOf(event));
    },
  });
}

function toLines(): Transform {
  return new Transform({
    writableObjectMode: true,
    transform(event: SealedRecord, _encoding, done) {
      const ordered = Object.fromEntries(TRAIL_COLUMNS.map((column) => [column, event[column]]));
      done(null, `${JSON.stringify(ordered)}\n`);
    },
  });
}
