/** `type` is the token's first character, save 0 for numbers and literals, $ for the end of the text, ? for what is none. */
export type JsonToken = { type: string; text: string; offset: number };

const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|(")|((?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-]))|($)|([^ \t\r\n{}[\],:"]+))/y;
// A string in pieces, each up to an escape or the closing quotation mark: one pattern for all of it would overflow the stack
// of the regular expression engine in a string of some megabytes.
const STRING_PIECE = /[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})|("))/y;

/** Cuts JSON text into tokens, up to its end or to the first thing that is none. */
export function* jsonTokens(text: string): Generator<JsonToken> {
  for (let from = 0; ;) {
    TOKEN.lastIndex = from;
    const [, sign, quote, scalar, end, other] = TOKEN.exec(text) ?? [];
    const offset = TOKEN.lastIndex - (sign ?? quote ?? scalar ?? end ?? other ?? '').length;
    from = quote === undefined ? TOKEN.lastIndex : stringEnd(text, TOKEN.lastIndex);
    const type = sign ?? (from === -1 ? '?' : quote) ?? (scalar && '0') ?? (end === undefined ? '?' : '$');
    yield { type, text: from === -1 ? text.slice(offset) : text.slice(offset, from), offset };
    if (type === '$' || type === '?') return;
  }
}

// The offset behind the closing quotation mark, or -1 when the string does not end or holds what JSON forbids.
function stringEnd(text: string, from: number): number {
  for (let end = from; ;) {
    STRING_PIECE.lastIndex = end;
    const piece = STRING_PIECE.exec(text);
    if (piece === null) return -1;
    end = STRING_PIECE.lastIndex;
    if (piece[1] !== undefined) return end;
  }
}
