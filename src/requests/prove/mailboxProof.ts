import type { Deps } from '../../deps.js';
import { conflict } from '../../errors.js';
import { admitBrowser, recordBrowserMailRequest } from '../../store/challengeBrowsers.js';
import { findChallenge, insertChallenge, recordMailRequest } from '../../store/challenges.js';
import { reserveMail } from '../../store/mailboxes.js';
import { queueProofNotice } from '../../store/notices.js';
import { lockUnproven } from '../../store/requests.js';
import type { Db, RequestRow } from '../../store/schema.js';
import { awaitedKind } from './awaitedProof.js';
import { TRIES } from './secrets.js';

type Unproven = Pick<RequestRow, 'id' | 'address'>;
type Settings = Pick<Deps, 'limits'>;

/**
 * Begins the proof of a mailbox: queues the mail, and accepts its code from this browser. Call it in the transaction that
 * records the request, and ring `deps.noticeBell` after the commit.
 *
 * @param options.notBefore the request's turn, if it waits for one
 */
export async function beginMailboxProof(
  settings: Settings,
  trx: Db,
  request: Unproven,
  { browser, notBefore }: { browser: Buffer; notBefore: Date | null },
): Promise<void> {
  await insertChallenge(trx, request.id, browser, TRIES);
  await recordBrowser(settings, trx, request, browser);
  await queueMail(settings, trx, request, notBefore);
}

/**
 * Requests the mail again for a second form with an unproven address, because its page says that a mail goes there. The code
 * stays with the browser that sent the first form. Call it in the transaction that adds the submission.
 */
export async function joinMailboxProof(
  deps: Pick<Deps, 'policy' | 'limits'>,
  trx: Db,
  request: RequestRow,
  browser: Buffer,
): Promise<void> {
  if (awaitedKind(deps, request) === 'mailbox') await queueAnotherMail(deps, trx, request, browser);
}

/**
 * Queues another mail, with a new code and a new link, to an unproven address, unless one was requested a moment ago.
 *
 * Everybody who has the status page may request it, since mail programs swallow mails. The code stays with the browser that sent
 * the form, so that nobody else can take the request over; the owner of the mailbox always has the link. The mail waits until
 * the mailbox may get another one.
 *
 * @param browser the viewer's; it may request a mail again after a while, whatever other browsers did
 * @throws {PublicError} `conflict` for a request that does not wait for this
 */
export async function requestAnotherMail(deps: Deps, requestId: string, browser: Buffer): Promise<void> {
  await deps.store.db.transaction().execute(async (trx) => {
    const request = await lockUnproven(trx, requestId);
    if (!request || awaitedKind(deps, request) !== 'mailbox') throw conflict();
    await queueAnotherMail(deps, trx, request, browser);
  });
  deps.noticeBell.announce();
}

async function queueAnotherMail(
  settings: Settings,
  trx: Db,
  request: RequestRow,
  browser: Buffer,
): Promise<void> {
  const challenge = await findChallenge(trx, request.id);
  if (!challenge) {
    // When the form was sent, the policy required no mail.
    await insertChallenge(trx, request.id, request.browser_hash ?? browser, TRIES);
    await recordBrowser(settings, trx, request, browser);
    await queueMail(settings, trx, request);
    return;
  }
  const counts = await recordBrowser(settings, trx, request, browser);
  if (!counts || challenge.askedSecondsAgo < settings.limits.mailWindowSeconds) return;
  await recordMailRequest(trx, request.id, TRIES);
  const underway = challenge.mail === 'waiting' || challenge.mail === 'sending';
  if (!underway) await queueMail(settings, trx, request);
}

/** Returns false when the browser requested a mail a moment ago. */
async function recordBrowser(
  { limits }: Settings,
  trx: Db,
  { id }: Unproven,
  browser: Buffer,
): Promise<boolean> {
  await admitBrowser(trx, id, browser, TRIES);
  return recordBrowserMailRequest(trx, id, browser, {
    tries: TRIES,
    windowSeconds: limits.mailWindowSeconds,
  });
}

async function queueMail(
  { limits }: Settings,
  trx: Db,
  { id, address }: Unproven,
  notBefore: Date | null = null,
): Promise<void> {
  const reserved = await reserveMail(trx, address, limits);
  await queueProofNotice(trx, id, notBefore && notBefore > reserved ? notBefore : reserved);
}
