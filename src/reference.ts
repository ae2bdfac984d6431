/** Crockford's base 32: no letters that look like digits, so that it can be read out on the phone. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const BYTES = 5;

/**
 * The reference that a person quotes, such as `K7Q4-FD2M`: the first 40 bits of the hash of a status page's token, which says
 * nothing about the token. Each page has its own, since a common one would show that an address has two requests.
 *
 * @param tokenHash SHA-256; see `token.ts`
 */
export function referenceOf(tokenHash: Buffer): string {
  const number = BigInt(`0x${tokenHash.subarray(0, BYTES).toString('hex')}`);
  const digits = Array.from(
    { length: 8 },
    (_, index) => DIGITS[Number((number >> BigInt(35 - 5 * index)) & 31n)],
  );
  return `${digits.slice(0, 4).join('')}-${digits.slice(4).join('')}`;
}

/** The first bytes of the hash that a reference stands for, however it was typed; null for any other text. */
export function parseReference(typed: string): Buffer | null {
  const digits = typed.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  if (digits.length !== 8) return null;
  let number = 0n;
  for (const digit of digits) {
    const value = DIGITS.indexOf(digit);
    if (value < 0) return null;
    number = (number << 5n) | BigInt(value);
  }
  return Buffer.from(number.toString(16).padStart(2 * BYTES, '0'), 'hex');
}
