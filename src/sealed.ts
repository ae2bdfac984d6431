import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The purposes of sealed texts. Each has its own keys, so that a text of one purpose is never valid for another. */
type Purpose = 'refresh tokens' | 'fill time' | 'counted once' | `code of ${string}`;

function keyOf(secret: string, purpose: Purpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `portal: ${purpose}`, 32));
}

/** Encrypts a text (AES-256-GCM) under the newest secret, so that the store alone reveals nothing. */
export function seal(text: string, purpose: Purpose, [newest]: readonly [string, ...string[]]): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(newest, purpose), nonce, { authTagLength: TAG_BYTES });
  const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString('base64url');
}

/** Decrypts a text that was sealed for this purpose under any of the secrets; null for anything else. */
export function unseal(sealed: string, purpose: Purpose, secrets: readonly string[]): string | null {
  // Node would skip characters that are not base64url.
  if (!/^[\w-]*$/.test(sealed)) return null;
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  for (const secret of secrets) {
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', keyOf(secret, purpose), nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      return (
        decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      );
    } catch {
      // Sealed under another secret, or tampered with.
    }
  }
  return null;
}
