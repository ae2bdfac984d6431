import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { csvStream } from '../csv.js';

type Row = (string | number | null)[];

/**
 * Answers with a CSV file for spreadsheets, row by row as they come. The first one is waited for, so that a store which is
 * down is answered with a page that says so, and not with a broken file.
 *
 * @param name of the file, to which the day is added
 */
export async function sendCsv(
  res: Response,
  name: string,
  header: readonly string[],
  rows: AsyncIterable<Row>,
): Promise<void> {
  const source = rows[Symbol.asyncIterator]();
  const first = await source.next();
  async function* all(): AsyncGenerator<Row> {
    try {
      for (let row = first; !row.done; row = await source.next()) yield row.value;
    } finally {
      // Lets the source tidy up when the reader goes away.
      await source.return?.();
    }
  }
  res.attachment(`${name}-${new Date().toISOString().slice(0, 10)}.csv`);
  res.type('text/csv');
  await pipeline(Readable.from(all()), csvStream(header, { bom: true }), res);
}
