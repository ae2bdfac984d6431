import { badRequest, unsupportedQuery } from './errors.js';

// The part of OData's $filter that directory objects take. Strings compare without regard to case.

type Item = Record<string, unknown>;
type Predicate = (item: Item) => boolean;
type Literal = string | boolean | null;

/** What the parser needs to know about the collection. */
export type Filterable = {
  type: string;
  properties: ReadonlySet<string>;
  /** `ConsistencyLevel: eventual` and `$count=true` were both sent. */
  advanced: boolean;
};

const TOKEN = /\s*('(?:[^']|'')*'|\d{4}-\d\d-\d\dT[\d:.]+Z|[(),:]|[\w/$.-]+)/y;

/**
 * Parses a filter: `eq`, `ne`, `ge`, `le`, `in`, `startsWith`, `endsWith`, `any`, `and`, `or`, `not`, parentheses.
 *
 * @throws GraphError for a faulty filter, or one that Graph only answers as an advanced query
 */
export function parseFilter(text: string, of: Filterable): Predicate {
  const parser = new FilterParser(tokenise(text), of);
  return parser.parse();
}

function tokenise(text: string): string[] {
  const tokens: string[] = [];
  const pattern = new RegExp(TOKEN);
  const trimmed = text.trimEnd();
  while (pattern.lastIndex < trimmed.length) {
    const at = pattern.lastIndex;
    const token = pattern.exec(trimmed)?.[1];
    if (token === undefined)
      throw badRequest(`Invalid filter clause: syntax error at position ${at}.`, 'BadRequest');
    tokens.push(token);
  }
  return tokens;
}

class FilterParser {
  private at = 0;

  constructor(
    private readonly tokens: string[],
    private readonly of: Filterable,
  ) {}

  parse(): Predicate {
    const predicate = this.either();
    if (this.at < this.tokens.length) throw this.syntaxError();
    return predicate;
  }

  private either(): Predicate {
    let left = this.both();
    while (this.take('or')) {
      const [first, second] = [left, this.both()];
      left = (item) => first(item) || second(item);
    }
    return left;
  }

  private both(): Predicate {
    let left = this.term();
    while (this.take('and')) {
      const [first, second] = [left, this.term()];
      left = (item) => first(item) && second(item);
    }
    return left;
  }

  private term(): Predicate {
    if (this.take('not')) {
      this.requireAdvanced('not');
      const negated = this.term();
      return (item) => !negated(item);
    }
    if (this.take('(')) {
      const inner = this.either();
      this.expect(')');
      return inner;
    }
    const name = this.next();
    if (/^(starts|ends)with$/i.test(name)) return this.textFunction(name.toLowerCase());
    if (name.endsWith('/any')) return this.any(name.slice(0, -'/any'.length));
    const property = this.property(name);
    const matches = this.comparison();
    return (item) => matches(item[property]);
  }

  private textFunction(name: string): Predicate {
    if (name === 'endswith') this.requireAdvanced('endsWith');
    this.expect('(');
    const property = this.property(this.next());
    this.expect(',');
    const wanted = String(fold(this.literal()));
    this.expect(')');
    return (item) => {
      const value = fold(item[property]);
      if (typeof value !== 'string') return false;
      return name === 'endswith' ? value.endsWith(wanted) : value.startsWith(wanted);
    };
  }

  /** `otherMails/any(x:x eq 'y')` */
  private any(name: string): Predicate {
    const property = this.property(name);
    this.expect('(');
    const variable = this.next();
    this.expect(':');
    this.expect(variable);
    const matches = this.comparison();
    this.expect(')');
    return (item) => {
      const values = item[property];
      return Array.isArray(values) && values.some(matches);
    };
  }

  /** An operator and what it compares with, as a test of a value. */
  private comparison(): (value: unknown) => boolean {
    const operator = this.next().toLowerCase();
    if (operator === 'in') return this.oneOf();
    if (operator === 'ne') this.requireAdvanced('ne');
    const wanted = fold(this.literal());
    switch (operator) {
      case 'eq':
        return (value) => equals(value ?? null, wanted);
      case 'ne':
        return (value) => !equals(value ?? null, wanted);
      case 'ge':
        return (value) => typeof value === 'string' && value.toLowerCase() >= String(wanted);
      case 'le':
        return (value) => typeof value === 'string' && value.toLowerCase() <= String(wanted);
      default:
        throw this.syntaxError();
    }
  }

  private oneOf(): (value: unknown) => boolean {
    this.expect('(');
    const wanted = [fold(this.literal())];
    while (this.take(',')) wanted.push(fold(this.literal()));
    this.expect(')');
    return (value) => wanted.includes(fold(value ?? null));
  }

  private property(name: string): string {
    if (this.of.properties.has(name)) {
      if (name === 'companyName') this.requireAdvanced(name);
      return name;
    }
    throw badRequest(
      `Invalid filter clause: Could not find a property named '${name}' on type '${this.of.type}'.`,
      'BadRequest',
    );
  }

  private literal(): Literal {
    const token = this.next();
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    if (token === 'true' || token === 'false') return token === 'true';
    if (token === 'null') return null;
    if (/^\d/.test(token)) return token;
    throw this.syntaxError();
  }

  private requireAdvanced(what: string): void {
    if (!this.of.advanced) {
      throw unsupportedQuery(
        `Unsupported or invalid query filter clause: '${what}' needs ConsistencyLevel: eventual and $count=true.`,
      );
    }
  }

  private take(token: string): boolean {
    if (this.tokens[this.at]?.toLowerCase() !== token) return false;
    this.at += 1;
    return true;
  }

  private next(): string {
    const token = this.tokens[this.at];
    if (token === undefined) throw this.syntaxError();
    this.at += 1;
    return token;
  }

  private expect(token: string): void {
    if (this.next() !== token) throw this.syntaxError();
  }

  private syntaxError() {
    return badRequest(`Invalid filter clause: syntax error near token ${this.at}.`, 'BadRequest');
  }
}

/** Compares lengths first, for speed: a look-up compares every user of the tenant. */
function equals(value: unknown, folded: unknown): boolean {
  if (typeof value !== 'string' || typeof folded !== 'string') return value === folded;
  return value.length === folded.length && value.toLowerCase() === folded;
}

function fold(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}
