import { createHash, randomBytes } from 'node:crypto';

// Secrets that an address or a cookie carries: 128 bits in 22 characters of base64url. The store holds their hashes alone.

export function drawToken(): string {
  return randomBytes(16).toString('base64url');
}

/** Whether a text can be a token at all. */
export function isToken(text: unknown): text is string {
  return typeof text === 'string' && /^[\w-]{22}$/.test(text);
}

/** SHA-256. So many random bits need no slower hash. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
