import { createHash, randomBytes } from 'node:crypto';

// Secrets in addresses and cookies: 128 bits in 22 characters of base64url. The store has only their hashes.

export function drawToken(): string {
  return randomBytes(16).toString('base64url');
}

/** Whether a text has the form of a token. */
export function isToken(text: unknown): text is string {
  return typeof text === 'string' && /^[\w-]{22}$/.test(text);
}

/** SHA-256: 128 random bits need no slower hash. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
