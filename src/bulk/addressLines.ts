import { NO_ROW } from '../store/runRows.js';
import type { SheetRow } from '../store/schema.js';

/** `ana@fabrikam.com`, `Ana Lind <ana@fabrikam.com>` or `"Lind, Ana" <ana@fabrikam.com>`. */
const ENTRY = /(?:"([^"]*)"\s*|([^<>@"]*))<([^<>\s]+@[^<>\s]+)>|([^\s<>,;"]+@[^\s<>,;"]+)/y;
const BETWEEN = /[\s,;]*/y;

/** Addresses as people copy them from a mail program or type them, one or more a line; the first line that has anything else. */
export function readAddressLines(text: string): SheetRow[] | { line: number } {
  const rows: SheetRow[] = [];
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    for (let at = skip(line, 0); at < line.length;) {
      ENTRY.lastIndex = at;
      const found = ENTRY.exec(line);
      if (!found) return { line: index + 1 };
      const [, quoted, plain, bracketed, bare = ''] = found;
      rows.push({ ...NO_ROW, ...namesIn(quoted ?? plain ?? ''), line: index + 1, email: bracketed ?? bare });
      at = skip(line, ENTRY.lastIndex);
    }
  }
  return rows.length > 0 ? rows : { line: 1 };
}

function skip(line: string, at: number): number {
  BETWEEN.lastIndex = at;
  BETWEEN.exec(line);
  return BETWEEN.lastIndex;
}

/** Outlook writes "Lind, Ana", others "Ana Lind". */
export function namesIn(name: string): { firstName: string; lastName: string } {
  const [last = '', first] = name.split(',', 2).map((part) => part.trim());
  if (first) return { firstName: first, lastName: last };
  const [firstName = '', ...rest] = name.trim().split(/\s+/);
  return { firstName, lastName: rest.join(' ') };
}
