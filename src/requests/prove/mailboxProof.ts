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
 * Asks whoever has sent a form to show that they read the mailbox: queues the mail, and lets this browser answer with the
 * code. Belongs into the transaction that records the request; announce it to `deps.noticeBell` when that has committed.
 */
export async function beginMailboxProof(
  settings: Settings,
  trx: Db,
  request: Unproven,
  browser: Buffer,
): Promise<void> {
  await insertChallenge(trx, request.id, browser, TRIES);
  await recordBrowser(settings, trx, request, browser);
  await queueMail(settings, trx, request);
}

/**
 * Whoever sends the form for an address that is still to be proved asks for its mail: their page says that one goes there. The
 * code stays with the browser that sent the first form. Belongs into the transaction in which they are led to that request.
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
 * Sends another mail, with a new code and a new link, to an address that is still to be proved; nothing when the last one
 * was asked for a moment ago, by whomever. Anybody who knows the status page may ask, since mail programs swallow mails; but
 * the code stays with the browser that sent the form, so that nobody else can take the request over, and whoever reads the
 * mailbox always has the link. The mail waits where the mailbox has had enough for now.
 *
 * @param browser of whoever asks: it may ask again after a while, as if nobody else had
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
    // The policy wanted no mail when the form was sent.
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

/** Returns whether it had not asked just before. */
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

async function queueMail({ limits }: Settings, trx: Db, { id, address }: Unproven): Promise<void> {
  await queueProofNotice(trx, id, await reserveMail(trx, address, limits));
}
