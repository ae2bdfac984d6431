import { randomInt, timingSafeEqual } from 'node:crypto';
import type { Config } from '../../config.js';
import type { Limits } from '../../limits.js';
import { seal, unseal } from '../../sealed.js';
import { drawToken, hashToken, isToken } from '../../token.js';

/** A million codes and five tries a mail: with twelve mails a day a guess succeeds once in forty-five years. */
const DIGITS = 6;
export const TRIES = 5;

/** The secrets of a mail, and their stored forms: the store reveals neither the code nor the link. */
export type MailedSecrets = { code: string; link: string; sealedCode: string; linkHash: Buffer };

type Secrets = Pick<Config, 'secrets'>;

/** New secrets for the mail of a request; a code sealed for another request does not open with this one. */
export function drawSecrets({ secrets }: Secrets, requestId: string): MailedSecrets {
  const code = String(randomInt(10 ** DIGITS)).padStart(DIGITS, '0');
  const link = drawToken();
  return { code, link, sealedCode: seal(code, `code of ${requestId}`, secrets), linkHash: hashToken(link) };
}

/** Reads a typed code; null when it cannot be one. Mail programs and people group digits. */
export function readCode(typed: unknown): string | null {
  if (typeof typed !== 'string' || typed.length > 40) return null;
  const digits = typed.replace(/[\s\p{Pd}]/gu, '');
  return new RegExp(`^[0-9]{${DIGITS}}$`).test(digits) ? digits : null;
}

/** Compares in constant time. */
export function isCode({ secrets }: Secrets, requestId: string, typed: string, sealedCode: string): boolean {
  const code = unseal(sealedCode, `code of ${requestId}`, secrets);
  return code !== null && timingSafeEqual(Buffer.from(code), Buffer.from(typed));
}

/** The SHA-256 of a link's secret, as it is stored; null when it cannot be one. */
export function hashOfLink(secret: string): Buffer | null {
  return isToken(secret) ? hashToken(secret) : null;
}

/** How many minutes a mail is valid, as pages say. */
export function validMinutes({ codeSeconds }: Pick<Limits, 'codeSeconds'>): number {
  return Math.max(1, Math.round(codeSeconds / 60));
}
