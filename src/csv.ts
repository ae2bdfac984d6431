import type { Transform } from 'node:stream';
import { stringify } from 'csv-stringify';

/**
 * A cell that no spreadsheet reads as a formula. An apostrophe goes before a character that begins one: at the start of the cell,
 * also after invisible characters, and after every character at which some spreadsheet divides cells.
 */
function harmless(cell: string): string {
  return cell
    .replace(/^[\s\p{Cf}"']*[=+\-@]/u, (beginning) => `'${beginning}`)
    .replace(/([;|\t\r\n])([\s\p{Cf}"']*[=+\-@])/gu, "$1'$2");
}

/**
 * Turns rows into CSV (RFC 4180) with a header. A cell that a spreadsheet would read as a formula begins with an
 * apostrophe, because strangers wrote the cells.
 *
 * @param bom whether to begin with the byte order mark that shows spreadsheets UTF-8
 */
export function csvStream(header: readonly string[], { bom = false } = {}): Transform {
  return stringify({
    header: true,
    columns: header.map((name, index) => ({ key: String(index), header: name })),
    bom,
    record_delimiter: 'windows',
    // Otherwise a line feed inside a cell would stay without quotes.
    quote_record_delimiter: true,
    escape_formulas: true,
    cast: { string: harmless },
  });
}
