/** Ways to make a careless expression backtrack, a loop long, or a comparison miss; each grows with `size`. */
const SHAPES: ((size: number) => string)[] = [
  (size) => `${'a'.repeat(size)}@contoso.com`,
  (size) => `a@${'b'.repeat(size)}.com`,
  (size) => `a@${'b.'.repeat(size)}com`,
  (size) => `${'a.'.repeat(size)}a@contoso.com`,
  (size) => `${'.'.repeat(size)}@contoso.com`,
  (size) => `a@${'.'.repeat(size)}`,
  (size) => `${'a@'.repeat(size)}contoso.com`,
  (size) => '@'.repeat(size),
  (size) => `${' '.repeat(size)}ana@contoso.com${' '.repeat(size)}x`,
  (size) => `a${' '.repeat(size)}@contoso.com`,
  (size) => `a+${'b+'.repeat(size)}@contoso.com`,
  (size) => `a@${'-'.repeat(size)}.com`,
  (size) => `a@${'xn--'.repeat(size)}.com`,
  (size) => `a@xn--${'a'.repeat(size)}.com`,
  (size) => `"${'\\"'.repeat(size)}"@contoso.com`,
  (size) => `${'('.repeat(size)}a${')'.repeat(size)}@contoso.com`,
  (size) => `а${'а'.repeat(size)}@contoso.com`,
  (size) => `a@contoso${'\u200b'.repeat(size)}.com`,
  (size) => `a@fabrikam${'.com'.repeat(size)}`,
  (size) => `a@${'fabrikam.'.repeat(size)}evil.net`,
  (size) => `a${size}@fabrik${'a'.repeat(1 + (size % 50))}m.com`,
  (size) => `a${size}@f4br1k4m.c${'o'.repeat(1 + (size % 60))}m`,
  (size) => `${'%0d%0a'.repeat(size)}@contoso.com`,
  (size) => `a@${'1.'.repeat(size)}1`,
  (size) => `__proto__${size}@constructor.com`,
];

/** So many different texts that somebody hostile might send as an address, up to tens of thousands of characters long. */
export function hostileAddresses(count: number): string[] {
  const texts = new Set<string>();
  for (let round = 0; texts.size < count; round++) {
    // Most are short enough to be looked at in full; every tenth is as long as a body may be.
    const size = round % 10 === 9 ? 500 + round * 50 : 1 + round;
    for (const shape of SHAPES) {
      if (texts.size < count) texts.add(shape(size));
    }
  }
  return [...texts];
}
