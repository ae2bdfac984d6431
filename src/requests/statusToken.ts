import { createHmac } from 'node:crypto';
import type { Deps } from '../deps.js';
import { replaceToken } from '../store/requests.js';
import type { Db, RequestRow } from '../store/schema.js';
import { hashToken } from '../token.js';

/**
 * The secret part of a status page's address: 128 bits that only the portal can compute.
 *
 * It is derived from the request's random id and a server secret instead of being drawn, so that a double
 * submit and later mails can name the same page although the store holds nothing but the token's hash.
 */
export function statusToken(secret: string, requestId: string): string {
  return createHmac('sha256', secret)
    .update(`status page ${requestId}`)
    .digest()
    .subarray(0, 16)
    .toString('base64url');
}

/** The token that a request was given, or null when the secret of that time has been retired. */
export function tokenOf(
  secrets: readonly string[],
  request: Pick<RequestRow, 'id' | 'token_hash'>,
): string | null {
  const tokens = secrets.map((secret) => statusToken(secret, request.id));
  return tokens.find((token) => hashToken(token).equals(request.token_hash)) ?? null;
}

/** The token by which a request's page can be reached: where that of its time is lost, the page moves to a new one. */
export async function currentToken(
  { config }: Pick<Deps, 'config'>,
  trx: Db,
  request: Pick<RequestRow, 'id' | 'token_hash'>,
): Promise<string> {
  const token = tokenOf(config.secrets, request);
  if (token !== null) return token;
  const renewed = statusToken(config.secrets[0], request.id);
  await replaceToken(trx, request.id, hashToken(renewed));
  return renewed;
}
