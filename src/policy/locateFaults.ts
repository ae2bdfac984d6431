import { walkJson } from './jsonWalk.js';
import type { PolicyFault } from './policyFault.js';
import { eachInSlices } from './slices.js';

/** Adds line and column to the faults and sorts them in the order of the file. A missing value gets the place of its parent. */
export async function locateFaults(text: string, faults: PolicyFault[]): Promise<PolicyFault[]> {
  const offsets = new Map<string, number>();
  await eachInSlices(faults, ({ path }) => {
    for (const part of withAncestors(path)) offsets.set(part, NOWHERE);
  });
  await eachInSlices(walkJson(text), (event) => {
    if (event.kind === 'value' && offsets.has(event.path)) offsets.set(event.path, event.offset);
  });
  const place = placesIn(text);
  const located: { offset: number; fault: PolicyFault }[] = [];
  await eachInSlices(faults, (fault) => {
    const found = withAncestors(fault.path).find((part) => offsets.get(part) !== NOWHERE);
    const offset = offsets.get(found ?? '') ?? 0;
    located.push({ offset, fault: { ...fault, ...place(offset) } });
  });
  return located.sort((a, b) => a.offset - b.offset).map(({ fault }) => fault);
}

const NOWHERE = -1;

/** Turns offsets in the text into lines and columns, both from 1. */
export function placesIn(text: string): (offset: number) => { line: number; column: number } {
  const starts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  return (offset) => {
    let line = 1;
    for (let beyond = starts.length + 1; line + 1 < beyond;) {
      const middle = (line + beyond) >> 1;
      if ((starts[middle - 1] ?? 0) <= offset) line = middle;
      else beyond = middle;
    }
    return { line, column: offset - (starts[line - 1] ?? 0) + 1 };
  };
}

// `partners[2].domains[0]`, `partners[2].domains`, `partners[2]`, `partners` and '': the value itself, then its parents.
function withAncestors(path: string): string[] {
  const paths = [path];
  for (let at = path.length; at > 0; at--) {
    if (path[at] === '.' || path[at] === '[') paths.push(path.slice(0, at));
  }
  return [...paths, ''];
}
