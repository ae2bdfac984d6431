import { reserveMail, type MailLimits } from '../../src/store/mailboxes.js';
import type { Db } from '../../src/store/schema.js';

class RolledBack extends Error {}

/** The moment for which a mail to a mailbox would be reserved now; nothing is. */
export async function mailAllowedAt(db: Db, address: string, limits: MailLimits): Promise<Date> {
  let at = new Date(NaN);
  await db
    .transaction()
    .execute(async (trx) => {
      at = await reserveMail(trx, address, limits);
      throw new RolledBack();
    })
    .catch((error: unknown) => {
      if (!(error instanceof RolledBack)) throw error;
    });
  return at;
}
