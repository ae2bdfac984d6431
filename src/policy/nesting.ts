/**
 * Whether brackets of a JSON text stand deeper inside each other than so many levels: what walks through a document calls
 * itself for each. Whether it is JSON at all is for others to say.
 */
export function isNestedDeeperThan(text: string, levels: number): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > levels) return true;
  }
  return false;
}
