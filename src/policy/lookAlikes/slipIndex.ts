import { eachInSlices } from '../slices.js';

/**
 * Names that differ from a word by a single slip of the keyboard: a letter wrong, missing, too many, or swapped with its
 * neighbour. Two such words become equal when a letter is removed from one of them or from each, so the index holds every
 * name with each of its letters removed (a deletion neighbourhood: Mor and Fraenkel 1982). A look-up costs one step for
 * each letter typed, however many names there are. A name's digits stay: company1 and company2 are different names.
 *
 * It is a hash table with open addressing, which holds a byte of each hash and the position of its name: as texts the
 * neighbourhoods of 100,000 names would take more than 100 MB, and a look-up that finds nothing reads only those bytes,
 * which stay in the processor's cache.
 */
export async function slipIndex(names: readonly string[]): Promise<(word: string) => string[]> {
  const most = names.reduce((count, name) => count + name.length + 1, 1);
  const bits = Math.ceil(Math.log2(1.5 * most));
  const marks = new Uint8Array(2 ** bits); // 0 where the slot is empty
  const owners = new Uint32Array(2 ** bits);
  const slotOf = (hash: number) => Math.imul(hash, 0x9e3779b1) >>> (32 - bits);
  const after = (slot: number) => (slot + 1) & (marks.length - 1);

  await eachInSlices(names, (name, index) => {
    for (const hash of neighbourhood(name, LETTER)) {
      let slot = slotOf(hash);
      while (marks[slot] !== 0) slot = after(slot);
      marks[slot] = markOf(hash);
      owners[slot] = index;
    }
  });

  return (word) => {
    const found = new Set<string>();
    for (const hash of neighbourhood(word, ANY)) {
      for (let slot = slotOf(hash); marks[slot] !== 0; slot = after(slot)) {
        if (marks[slot] !== markOf(hash)) continue;
        const name = names[owners[slot] ?? 0];
        if (name !== undefined && isOneSlip(word, name)) found.add(name);
      }
    }
    return [...found];
  };
}

function markOf(hash: number): number {
  return hash & 0xff || 1;
}

const BASE = 0x01000193;
const ANY = (): boolean => true;
const LETTER = (code: number): boolean => code < 0x30 || code > 0x39;

/**
 * Hashes of a word and of the word without each of its characters, each in one step: moving the gap by one place puts the
 * character before it where the one after it was.
 */
function neighbourhood(word: string, mayGo: (code: number) => boolean): number[] {
  let whole = 0;
  let gapped = 0;
  for (let at = word.length - 1; at >= 0; at--) {
    gapped = whole;
    whole = (Math.imul(whole, BASE) + word.charCodeAt(at)) | 0;
  }
  const hashes = [whole];
  let power = 1;
  for (let at = 0; at < word.length; at++) {
    const code = word.charCodeAt(at);
    if (mayGo(code)) hashes.push(gapped);
    if (at + 1 < word.length) gapped = (gapped + Math.imul(code - word.charCodeAt(at + 1), power)) | 0;
    power = Math.imul(power, BASE);
  }
  return hashes;
}

/** Whether two different words are one slip apart. */
export function isOneSlip(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1) return false;
  let start = 0;
  while (start < short.length && short[start] === long[start]) start++;
  let end = 0;
  while (end < short.length - start && short[short.length - 1 - end] === long[long.length - 1 - end]) end++;
  const differing = short.length - start - end;
  if (long.length > short.length) return differing === 0;
  if (differing === 2) return short[start] === long[start + 1] && short[start + 1] === long[start];
  return differing === 1;
}
