/**
 * Names that differ from a word by a single slip of the keyboard: a letter wrong, missing, too many, or swapped with its
 * neighbour. Two such words become the same when a letter is taken out of one of them or of each, so the index holds every
 * name with each of its letters taken out (a deletion neighbourhood: Mor and Fraenkel 1982). A look-up costs one step for
 * each letter typed, however many names there are. A name's digits are left in: company1 and company2 are no slips of one another.
 *
 * It is kept as numbers, since as texts the neighbourhoods of 100,000 names would take more than 100 MB.
 */
export function slipIndex(names: readonly string[]): (word: string) => string[] {
  const bits = Math.max(8, Math.ceil(Math.log2(names.length + 1)) + 4);
  const bucketOf = (hash: number) => Math.imul(hash, 0x9e3779b1) >>> (32 - bits);

  // How many names there are in each bucket is counted first; then bucket b is from starts[b] up to starts[b + 1].
  const starts = new Uint32Array(2 ** bits + 1);
  const add = (bucket: number, count: number) => (starts[bucket] = (starts[bucket] ?? 0) + count);
  for (const name of names) for (const hash of neighbourhood(name, LETTER)) add(bucketOf(hash), 1);
  for (let bucket = 1; bucket < starts.length; bucket++) add(bucket, starts[bucket - 1] ?? 0);
  const inBuckets = new Uint32Array(starts.at(-1) ?? 0);
  names.forEach((name, index) => {
    for (const hash of neighbourhood(name, LETTER)) inBuckets[add(bucketOf(hash), -1)] = index;
  });

  return (word) => {
    const found = new Set<string>();
    for (const hash of neighbourhood(word, ANY)) {
      const bucket = bucketOf(hash);
      for (let at = starts[bucket] ?? 0; at < (starts[bucket + 1] ?? 0); at++) {
        const name = names[inBuckets[at] ?? 0];
        if (name !== undefined && isOneSlip(word, name)) found.add(name);
      }
    }
    return [...found];
  };
}

const BASE = 0x01000193;
const ANY = (): boolean => true;
const LETTER = (code: number): boolean => code < 0x30 || code > 0x39;

/**
 * Hashes of a word and of what is left of it when one character is taken out, each in one step: moving the gap by one place
 * puts the character before it where the one behind it was.
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
    gapped = (gapped + Math.imul(code - word.charCodeAt(at + 1), power)) | 0;
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
