import { reason, type FaultReason } from './policyFault.js';

/** What the walk meets: a value that begins here, a key that is not allowed, or the syntax fault that ends the walk. */
export type JsonEvent =
  | { kind: 'value'; path: string; offset: number }
  | { kind: 'badKey'; path: string; fault: FaultReason }
  | { kind: 'syntax'; path: string; fault: FaultReason; offset: number };

type Frame = { path: string; keys: Set<string> | null; key: string | number };
type State = keyof typeof EXPECTED;

/** The tokens that may follow, and the fault of any other. */
const EXPECTED = {
  value: { types: '{["0', otherwise: 'json.value' },
  firstValue: { types: '{["0]', otherwise: 'json.valueOrEnd' },
  key: { types: '"', otherwise: 'json.key' },
  firstKey: { types: '"}', otherwise: 'json.keyOrEnd' },
  colon: { types: ':', otherwise: 'json.colon' },
  nextMember: { types: ',}', otherwise: 'json.commaOrBrace' },
  nextItem: { types: ',]', otherwise: 'json.commaOrBracket' },
  end: { types: '$', otherwise: 'json.end' },
} as const;

/** The path of a member or an item: `partners`, `partners[2]`, `partners[2].domains`, `apps["a b"]`. */
export function childPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!/^[\w$-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/**
 * Walks through JSON text and says where things are. `JSON.parse` does not: it gives no place for many faults, and silently
 * keeps the last of two equal keys. This is a generator, so that the caller can pause in a large text.
 */
export function* walkJson(text: string): Generator<JsonEvent> {
  const frames: Frame[] = [];
  let state: State = 'value';
  for (const token of jsonTokens(text)) {
    const { type, offset } = token;
    const expected = EXPECTED[state];
    const frame = frames.at(-1);
    const path = frame ? childPath(frame.path, frame.key) : '';
    if (!expected.types.includes(type)) {
      const fault = syntaxFault(token, expected.otherwise);
      const nameless = state === 'key' || state === 'firstKey' || state === 'firstValue';
      yield { kind: 'syntax', path: nameless ? (frame?.path ?? '') : path, fault, offset };
      return;
    }
    if (frame?.keys && (state === 'key' || state === 'firstKey') && type === '"') {
      frame.key = JSON.parse(token.text) as string;
      const fault = keyFault(frame.key, frame.keys);
      if (fault) yield { kind: 'badKey', path: childPath(frame.path, frame.key), fault };
      frame.keys.add(frame.key);
    } else if ('{["0'.includes(type)) {
      yield { kind: 'value', path, offset };
    }
    state = nextState(state, type, path, frames);
  }
}

function syntaxFault(
  { type, text }: JsonToken,
  otherwise: (typeof EXPECTED)[State]['otherwise'],
): FaultReason {
  if (type === '$') return reason('json.endsEarly');
  if (type === '?' && text.startsWith('"')) return reason('json.string');
  return reason(otherwise, { found: text.slice(0, 20).trimEnd() });
}

// JavaScript gives `__proto__` a meaning, and zod drops it silently.
function keyFault(key: string, keys: Set<string>): FaultReason | null {
  if (key === '__proto__') return reason('key.reserved');
  return keys.has(key) ? reason('key.twice') : null;
}

function nextState(state: State, type: string, path: string, frames: Frame[]): State {
  switch (type) {
    case '{':
      frames.push({ path, keys: new Set(), key: '' });
      return 'firstKey';
    case '[':
      frames.push({ path, keys: null, key: 0 });
      return 'firstValue';
    case ':':
      return 'value';
    case ',':
      return afterComma(frames.at(-1));
    case '"':
      if (state === 'key' || state === 'firstKey') return 'colon';
      break;
    case '}':
    case ']':
      frames.pop();
  }
  const frame = frames.at(-1);
  if (frame === undefined) return 'end';
  return frame.keys === null ? 'nextItem' : 'nextMember';
}

function afterComma(frame: Frame | undefined): State {
  if (typeof frame?.key !== 'number') return 'key';
  frame.key++;
  return 'value';
}

/**
 * `type` is the token's first character, with three exceptions: 0 for numbers and literals, $ for the end of the text, and ? for
 * text that is not a token.
 */
type JsonToken = { type: string; text: string; offset: number };

const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|(")|((?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-]))|($)|([^ \t\r\n{}[\],:"]+))/y;
// A string in pieces, each up to an escape or the closing quotation mark: one pattern for all of it would overflow the stack
// of the regular expression engine in a string of some megabytes.
const STRING_PIECE = /[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})|("))/y;

/** Cuts JSON text into tokens, up to its end or to the first text that is not a token. */
function* jsonTokens(text: string): Generator<JsonToken> {
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

// The offset after the closing quotation mark; -1 when the string does not end or is not valid JSON.
function stringEnd(text: string, from: number): number {
  for (let end = from; ;) {
    STRING_PIECE.lastIndex = end;
    const piece = STRING_PIECE.exec(text);
    if (piece === null) return -1;
    end = STRING_PIECE.lastIndex;
    if (piece[1] !== undefined) return end;
  }
}
