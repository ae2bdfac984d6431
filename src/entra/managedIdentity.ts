import { z } from 'zod';
import { codeOf } from '../codeOf.js';
import type { ManagedIdentity } from '../config.js';
import { guardedFetch } from '../guardedFetch.js';

/** A token, and when it ends (ms since 1970). */
export type IdentityToken = { token: string; expiresAt: number };

/** No token was to be had. The message holds nothing secret. */
export class IdentityFault extends Error {
  override name = 'IdentityFault';
}

/** The first call of a new instance takes Azure several seconds. */
const ANSWER_WITHIN_MS = 10_000;
/** Far more than a token takes. */
const MAX_BYTES = 256 * 1024;

const answer = z.object({ access_token: z.string().min(1), expires_on: z.coerce.number().positive() });
const refusal = z.object({ message: z.string().optional(), error_description: z.string().optional() });

/**
 * Requests a token of the managed identity from App Service or Container Apps
 * (https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference).
 *
 * Not through @azure/identity 4.13: it keeps these tokens for the whole process and has no way to drop one that was
 * refused; ten callers at once make ten calls; and a call cannot be aborted, repeats itself and lasts five seconds.
 *
 * @param resource the audience of the token, such as `https://graph.microsoft.com`
 * @throws {IdentityFault}
 */
export async function requestIdentityToken(
  { endpoint, header }: ManagedIdentity,
  resource: string,
): Promise<IdentityToken> {
  const { status, text } = await send(endpoint, header, resource);
  const body = parsed(text);
  if (status !== 200) throw new IdentityFault(`The identity endpoint answered ${status}${reasonIn(body)}`);
  const given = answer.safeParse(body);
  if (!given.success) throw new IdentityFault('The identity endpoint gave an answer without a token');
  return { token: given.data.access_token, expiresAt: given.data.expires_on * 1000 };
}

async function send(endpoint: string, header: string, resource: string) {
  try {
    const url = new URL(endpoint);
    url.search = new URLSearchParams({ 'api-version': '2019-08-01', resource }).toString();
    // No redirect is followed: anybody who gets the header can get a token.
    return await guardedFetch(url, {
      headers: { 'X-IDENTITY-HEADER': header },
      maxBytes: MAX_BYTES,
      timeoutMs: ANSWER_WITHIN_MS,
    });
  } catch (error) {
    const { cause = error } = error as Error;
    const why = codeOf(cause) || (cause as Error).message;
    throw new IdentityFault(`The identity endpoint does not answer: ${why}`);
  }
}

function parsed(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return null;
  }
}

/** What Azure says, without anything that may be part of a token. */
function reasonIn(body: unknown): string {
  const { message, error_description: description } = refusal.safeParse(body).data ?? {};
  const reason = (message ?? description)?.split('\n')[0]?.replaceAll(/[\w-]{40,}/g, '…');
  return reason ? `: ${reason.slice(0, 300)}` : '';
}
