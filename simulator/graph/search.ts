import { badRequest } from './errors.js';

// $search on directory objects. Source: learn.microsoft.com/graph/search-query-parameter

type Item = Record<string, unknown>;
type Predicate = (item: Item) => boolean;

/** In these a search matches the start of any word; other properties are compared from their start. */
const TOKENISED = new Set(['displayName', 'description']);

const TOKEN = /\s*("(?:[^"\\]|\\.)*"|[()]|AND\b|OR\b)/y;

/**
 * Parses `"displayName:some words"`, and several such clauses with AND, OR and parentheses.
 *
 * @throws GraphError for anything else
 */
export function parseSearch(text: string): Predicate {
  const tokens = tokenise(text);
  const predicate = either(tokens, text);
  if (tokens.length > 0) throw syntaxError(text);
  return predicate;
}

function tokenise(text: string): string[] {
  const tokens: string[] = [];
  const pattern = new RegExp(TOKEN);
  const trimmed = text.trimEnd();
  while (pattern.lastIndex < trimmed.length) {
    const token = pattern.exec(trimmed)?.[1];
    if (token === undefined) throw syntaxError(text);
    tokens.push(token);
  }
  return tokens;
}

function either(tokens: string[], text: string): Predicate {
  let left = both(tokens, text);
  while (tokens[0] === 'OR') {
    tokens.shift();
    const [first, second] = [left, both(tokens, text)];
    left = (item) => first(item) || second(item);
  }
  return left;
}

function both(tokens: string[], text: string): Predicate {
  let left = term(tokens, text);
  while (tokens[0] === 'AND') {
    tokens.shift();
    const [first, second] = [left, term(tokens, text)];
    left = (item) => first(item) && second(item);
  }
  return left;
}

function term(tokens: string[], text: string): Predicate {
  const token = tokens.shift();
  if (token === '(') {
    const inner = either(tokens, text);
    if (tokens.shift() !== ')') throw syntaxError(text);
    return inner;
  }
  const clause = token?.startsWith('"') ? token.slice(1, -1).replace(/\\(.)/g, '$1') : '';
  const [, property, wanted] = /^(\w+):(.*)$/s.exec(clause) ?? [];
  if (property === undefined || wanted === undefined) throw syntaxError(text);
  return TOKENISED.has(property) ? hasWords(property, wanted) : begins(property, wanted);
}

function hasWords(property: string, wanted: string): Predicate {
  const words = wordsOf(wanted);
  return (item) => {
    const present = wordsOf(textOf(item[property]));
    return words.every((word) => present.some((candidate) => candidate.startsWith(word)));
  };
}

function begins(property: string, wanted: string): Predicate {
  const start = wanted.trim().toLowerCase();
  return (item) => textOf(item[property]).toLowerCase().startsWith(start);
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function syntaxError(text: string) {
  return badRequest(`Syntax error: invalid $search clause ${text}.`, 'BadRequest');
}
