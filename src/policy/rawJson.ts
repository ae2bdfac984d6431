// Looks into JSON of unknown shape: what is missing or has another shape counts as empty. The schema reports it.

/** Parses JSON and skips a byte-order mark; undefined, which JSON cannot express, when the text is not JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text) as unknown;
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member of an object, by its own key. */
export function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

/** The items of a list that is a member of an object. */
export function listIn(value: unknown, key: string): unknown[] {
  const list = memberOf(value, key);
  return Array.isArray(list) ? (list as unknown[]) : [];
}

/** The members of an object that is a member of an object, by key. */
export function entriesIn(value: unknown, key: string): [string, unknown][] {
  const record = memberOf(value, key);
  return isRecord(record) ? Object.entries(record) : [];
}

/** Whether the brackets of a text are nested deeper than this: functions that walk through a document recurse once a level. */
export function isNestedDeeperThan(text: string, levels: number): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > levels) return true;
  }
  return false;
}
