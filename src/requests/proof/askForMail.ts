import type { Deps } from '../../deps.js';
import { conflict } from '../../errors.js';
import { findChallenge, insertChallenge, noteAsked } from '../../store/challenges.js';
import { reserveMail } from '../../store/mailboxes.js';
import { queueProofNotice } from '../../store/notices.js';
import { lockUnproven } from '../../store/requests.js';
import type { Db, RequestRow } from '../../store/schema.js';
import { awaitedKind } from './awaitedProof.js';
import { TRIES } from './secrets.js';

type Asked = Pick<RequestRow, 'id' | 'address'>;

/**
 * Asks whoever has sent a form to show that they read the mailbox: queues the mail, and lets this browser answer with the
 * code. Belongs into the transaction that records the request; announce it to `deps.noticeBell` when that has committed.
 */
export async function beginMailboxProof(
  { patience }: Pick<Deps, 'patience'>,
  trx: Db,
  request: Asked,
  browser: Buffer,
): Promise<void> {
  await insertChallenge(trx, request.id, browser, TRIES);
  await queueMail({ patience }, trx, request);
}

/**
 * Sends another mail, with a new code and a new link, to an address that is still to be proved; nothing when the last one
 * was asked for a moment ago. Anybody who knows the status page may ask, since mail programs swallow mails; but the code
 * stays with the browser that sent the form, so that nobody else can take the request over, and whoever reads the mailbox
 * always has the link. The mail waits where the mailbox has had enough for now.
 *
 * @param browser of whoever asks
 * @throws {PublicError} `conflict` for a request that does not wait for this
 */
export async function askForAnotherMail(deps: Deps, requestId: string, browser: Buffer): Promise<void> {
  await deps.store.db.transaction().execute(async (trx) => {
    const request = await lockUnproven(trx, requestId);
    if (!request || awaitedKind(deps, request) !== 'mailbox') throw conflict();
    const challenge = await findChallenge(trx, requestId, browser);
    if (!challenge) {
      await beginMailboxProof(deps, trx, request, browser);
      return;
    }
    if (challenge.askedSecondsAgo < deps.patience.mailWindowSeconds) return;
    await noteAsked(trx, requestId, TRIES);
    const underway = challenge.mail === 'waiting' || challenge.mail === 'sending';
    if (!underway) await queueMail(deps, trx, request);
  });
  deps.noticeBell.announce();
}

async function queueMail(
  { patience }: Pick<Deps, 'patience'>,
  trx: Db,
  { id, address }: Asked,
): Promise<void> {
  await queueProofNotice(trx, id, await reserveMail(trx, address, patience));
}
