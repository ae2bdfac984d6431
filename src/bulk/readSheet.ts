import type { SheetRow } from '../store/schema.js';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { readAddressLines } from './addressLines.js';
import { columnOf, isBeforeHeadings, type Column } from './columns.js';
import type { Sheet } from './sheet.js';
import { sheetText, type SheetFault } from './sheetText.js';

export type ReadSheet = { ok: true; sheet: Sheet } | { ok: false; fault: SheetFault };

export const MOST_ROWS = 2_000;

type Line = { cells: string[]; line: number };

/**
 * Reads a file of invitations: CSV in either of Microsoft's dialects, told apart by their headings, or addresses as people copy
 * them from elsewhere. Rows are not judged here, so that a bad one does not hold up the others.
 */
export function readSheet(bytes: Buffer): ReadSheet {
  const decoded = sheetText(bytes);
  if (!decoded.ok) return decoded;
  const { text } = decoded;
  if (text.trim() === '') return faulty('empty');
  const addresses = readAddressLines(text);
  if (Array.isArray(addresses)) return limited({ rows: addresses, ignored: [], exampleLine: null });
  // Headings have no @: this was to be a list of addresses.
  if (firstLineOf(text).includes('@')) return faulty('addressLine', addresses);
  const lines = readLines(text);
  return 'code' in lines ? { ok: false, fault: lines } : readTable(lines);
}

function firstLineOf(text: string): string {
  return text.trimStart().split(/\r\n|\n|\r/, 1)[0] ?? '';
}

const faulty = (code: SheetFault['code'], place: Omit<SheetFault, 'code'> = {}): ReadSheet => ({
  ok: false,
  fault: { code, ...place },
});

function limited(sheet: Sheet): ReadSheet {
  const beyond = sheet.rows[MOST_ROWS];
  return beyond ? faulty('tooManyRows', { line: beyond.line }) : { ok: true, sheet };
}

function readLines(text: string): Line[] | SheetFault {
  try {
    const records = parse(text, {
      delimiter: separatorOf(text),
      relax_column_count: true,
      skip_empty_lines: true,
      // The tail of a table that was longer once.
      skip_records_with_empty_values: true,
      raw: true,
    }) as unknown as { record: string[]; raw: string }[];
    return numbered(text, records);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines } = error as { lines?: number };
    const line = error.code === 'CSV_QUOTE_NOT_CLOSED' ? lineOfOpenQuote(text) : lines;
    return { code: 'quotes', ...(line !== undefined && { line }) };
  }
}

/** Says where each record begins: the parser counts lines in its own way where cells have several. */
function numbered(text: string, records: readonly { record: string[]; raw: string }[]): Line[] {
  let [line, at] = [1, 0];
  return records.map(({ record, raw }) => {
    const written = raw.trim();
    const start = text.indexOf(written, at);
    const begins = line + breaksIn(text.slice(at, start));
    line = begins + breaksIn(written);
    at = start + written.length;
    return { cells: record, line: begins };
  });
}

function breaksIn(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}

function lineOfOpenQuote(text: string): number {
  return 1 + breaksIn(text.slice(0, text.lastIndexOf('"')));
}

/** Of comma, semicolon and tab the one that the headings have most of; the lines before them do not count. */
function separatorOf(text: string): string {
  const [first = '', second = ''] = text.split(/\r\n|\n|\r/, 2);
  const headings = (isBeforeHeadings([first.replaceAll('"', '')]) ? second : first).replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t'].map((separator) => ({
    separator,
    count: headings.split(separator).length,
  }));
  return counts.reduce((most, one) => (one.count > most.count ? one : most)).separator;
}

function readTable([first, ...rest]: Line[]): ReadSheet {
  if (!first) return faulty('empty');
  const [header, ...body] = isBeforeHeadings(first.cells) ? rest : [first, ...rest];
  if (!header) return faulty('noHeader', { line: first.line });
  const columns = header.cells.map((heading) => columnOf(heading));
  if (columns.every((column) => column === undefined)) return faulty('noHeader', { line: header.line });
  if (!columns.includes('email')) return faulty('noAddresses', { line: header.line });
  const twice = columns.findIndex(
    (column, index) => column !== undefined && columns.indexOf(column) !== index,
  );
  if (twice >= 0) return faulty('columnTwice', { line: header.line, column: twice + 1 });
  const rows = body.map((line) => toRow(line, columns));
  // Only as templates have it: somebody may be called so.
  const [head, ...others] = rows;
  const example = head && /^example(@|:)/i.test(head.email) ? head : null;
  if (rows.length === 0) return faulty('noRows', { line: header.line });
  return limited({
    rows: example ? others : rows,
    ignored: header.cells.filter((heading, index) => columns[index] === undefined && heading.trim() !== ''),
    exampleLine: example?.line ?? null,
  });
}

function toRow({ cells, line }: Line, columns: readonly (Column | undefined)[]): SheetRow {
  // Our own exports keep a spreadsheet from taking such a cell for a formula.
  const cell = (column: Column) => cells[columns.indexOf(column)]?.trim().replace(/^'(?=[=+\-@])/, '') ?? '';
  return {
    line,
    email: cell('email'),
    displayName: cell('displayName'),
    firstName: cell('firstName'),
    lastName: cell('lastName'),
    company: cell('company'),
    redirectUrl: cell('redirectUrl'),
    apps: several(cell('apps')),
    groups: several(cell('groups')),
    language: cell('language'),
    message: cell('message'),
    sendMail: flag(cell('sendMail')),
    surplus:
      cells
        .slice(columns.length)
        .find((text) => text.trim() !== '')
        ?.trim() ?? '',
  };
}

/** No document says how several values share a cell: names may have spaces, ids have none. */
function several(cell: string): string[] {
  const separator = /[;|,\n]/.test(cell) || !/^\S*-\S*(\s+\S*-\S*)*$/.test(cell) ? /[;|,\n]/ : /\s+/;
  return cell
    .split(separator)
    .map((value) => value.trim())
    .filter((value) => value !== '');
}

/** A text that says neither stays one: the row is refused, since nobody guesses whether people are mailed. */
function flag(cell: string): boolean | string | null {
  if (/^(true|yes|1)$/i.test(cell)) return true;
  if (/^(false|no|0)$/i.test(cell)) return false;
  return cell === '' ? null : cell;
}
