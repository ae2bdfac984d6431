import type { Db } from './schema.js';

/** Notes that whoever sits at this browser is to show that they read the mailbox of a request. */
export async function insertChallenge(trx: Db, requestId: string, browser: Buffer): Promise<void> {
  await trx.insertInto('challenge').values({ request_id: requestId, browser_hash: browser }).execute();
}
