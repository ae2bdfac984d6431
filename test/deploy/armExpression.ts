/** What stands between the brackets of a template's text. */
export type Expression =
  | { kind: 'literal'; value: string | number | boolean | null }
  | { kind: 'call'; name: string; args: Expression[] }
  | { kind: 'member'; of: Expression; key: Expression };

const TOKEN = /\s*('(?:[^']|'')*'|-?\d+|[A-Za-z_][\w]*|[()[\],.])/y;
const WORDS: Record<string, boolean | null> = { true: true, false: false, null: null };

/** @throws Error where the text is no expression */
export function parseExpression(text: string): Expression {
  const tokens = tokensOf(text);
  let at = 0;

  const fail = (): never => {
    throw new Error(`Unexpected ${tokens[at] ?? 'end'} in ${text}`);
  };
  const take = (token: string) => {
    if (tokens[at] !== token) fail();
    at += 1;
  };

  function whole(): Expression {
    let expression = start();
    for (;;) {
      if (tokens[at] === '.') {
        at += 1;
        expression = {
          kind: 'member',
          of: expression,
          key: { kind: 'literal', value: tokens[at++] ?? fail() },
        };
      } else if (tokens[at] === '[') {
        at += 1;
        expression = { kind: 'member', of: expression, key: whole() };
        take(']');
      } else return expression;
    }
  }

  function start(): Expression {
    const token = tokens[at++] ?? fail();
    if (token.startsWith("'")) {
      return { kind: 'literal', value: token.slice(1, -1).replaceAll("''", "'") };
    }
    if (/^-?\d/.test(token)) return { kind: 'literal', value: Number(token) };
    if (token in WORDS) return { kind: 'literal', value: WORDS[token] ?? null };
    take('(');
    const args: Expression[] = [];
    while (tokens[at] !== ')') {
      if (args.length > 0) take(',');
      args.push(whole());
    }
    take(')');
    return { kind: 'call', name: token, args };
  }

  const expression = whole();
  if (at < tokens.length) fail();
  return expression;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) throw new Error(`No expression from here on: ${text.slice(from)}`);
    tokens.push(token);
  }
  return tokens;
}
