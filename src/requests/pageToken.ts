import { createHmac } from 'node:crypto';
import { findSubmission, insertSubmission } from '../store/submissions.js';
import type { Db } from '../store/schema.js';
import { drawToken, hashToken } from '../token.js';

/**
 * The token of the status page that is mailed: 128 bits that only the portal can compute. It shows that its holder reads the
 * mailbox. It is derived, so that all mails of a request lead to the same page although the store has only its hash.
 */
function mailedToken(secret: string, requestId: string): string {
  return createHmac('sha256', secret)
    .update(`status page by mail ${requestId}`)
    .digest()
    .subarray(0, 16)
    .toString('base64url');
}

/** Opens the status page that mails link to. @returns its token; null for a request that was anonymised meanwhile */
export async function openMailedPage(
  { config }: { config: { secrets: readonly [string, ...string[]] } },
  db: Db,
  requestId: string,
): Promise<string | null> {
  const token = mailedToken(config.secrets[0], requestId);
  const opened = await insertSubmission(db, { tokenHash: hashToken(token), requestId, byMail: true });
  return opened ? token : null;
}

/** Opens a status page of its own. @returns its token; null for a request that was anonymised meanwhile */
export async function openPage(db: Db, requestId: string): Promise<string | null> {
  const token = drawToken();
  return (await insertSubmission(db, { tokenHash: hashToken(token), requestId })) ? token : null;
}

/** The token of the page that was mailed for a request, whichever secret made it; null if none was mailed. */
export async function findMailedPage(
  { config, store }: { config: { secrets: readonly string[] }; store: { db: Db } },
  requestId: string,
): Promise<string | null> {
  for (const secret of config.secrets) {
    const token = mailedToken(secret, requestId);
    if (await findSubmission(store.db, hashToken(token))) return token;
  }
  return null;
}
