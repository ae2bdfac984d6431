import { isUtf8 } from 'node:buffer';

/** Why a file cannot be read at all. `line` and `column` count from 1, columns in characters. */
export type SheetFault = { code: SheetFaultCode; line?: number; column?: number };

type SheetFaultCode =
  | 'tooLarge'
  | 'workbook'
  | 'utf16'
  | 'encoding'
  | 'nul'
  | 'empty'
  | 'noHeader'
  | 'noRows'
  | 'noAddresses'
  | 'columnTwice'
  | 'quotes'
  | 'tooManyRows'
  | 'addressLine'
  | 'messageLink';

/** 2,000 rows with every cell filled have about 2 MB. */
export const MOST_BYTES = 10_000_000;

const [LINE_FEED, ZERO] = [0x0a, 0x00];
/** How every `.xlsx` begins, since it is a zip archive, and every `.xls`. */
const WORKBOOKS = [Buffer.from('PK\x03\x04', 'latin1'), Buffer.from('d0cf11e0', 'hex')];
const UTF16_MARKS = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];

/** The text of a file that a spreadsheet or an editor has written, without its byte order mark. Only UTF-8: nothing is guessed. */
export function sheetText(bytes: Buffer): { ok: true; text: string } | { ok: false; fault: SheetFault } {
  const fault = faultOf(bytes);
  return fault ? { ok: false, fault } : { ok: true, text: bytes.toString('utf8').replace(/^\ufeff/, '') };
}

function faultOf(bytes: Buffer): SheetFault | null {
  if (bytes.length > MOST_BYTES) return { code: 'tooLarge' };
  if (WORKBOOKS.some((start) => begins(bytes, start))) return { code: 'workbook' };
  // Without a mark, every second byte of a western text is zero.
  if (UTF16_MARKS.some((start) => begins(bytes, start)) || (bytes[0] === ZERO) !== (bytes[1] === ZERO))
    return { code: 'utf16' };
  if (!isUtf8(bytes)) return { code: 'encoding', ...placeOf(bytes, firstInvalid(bytes)) };
  const nul = bytes.indexOf(ZERO);
  return nul < 0 ? null : { code: 'nul', ...placeOf(bytes, nul) };
}

const begins = (bytes: Buffer, start: Buffer) => bytes.subarray(0, start.length).equals(start);

/** Where a text stops being UTF-8: in the first line that is not, after its longest part that is. */
function firstInvalid(bytes: Buffer): number {
  for (let start = 0; ;) {
    const end = bytes.indexOf(LINE_FEED, start);
    const line = bytes.subarray(start, end < 0 ? bytes.length : end);
    if (!isUtf8(line)) return start + validLength(line);
    start = end + 1;
  }
}

function validLength(line: Buffer): number {
  for (let at = 0; at < line.length;) {
    // A character has at most four bytes.
    const length = [1, 2, 3, 4].find((bytes) => isUtf8(line.subarray(at, at + bytes)));
    if (length === undefined || at + length > line.length) return at;
    at += length;
  }
  return line.length;
}

function placeOf(bytes: Buffer, offset: number): { line: number; column: number } {
  const before = bytes.subarray(0, offset);
  const lineStart = before.lastIndexOf(LINE_FEED) + 1;
  const line = 1 + before.reduce((lines, byte) => (byte === LINE_FEED ? lines + 1 : lines), 0);
  return {
    line,
    column:
      1 +
      Array.from(
        before
          .subarray(lineStart)
          .toString('utf8')
          .replace(/^\ufeff/, ''),
      ).length,
  };
}
