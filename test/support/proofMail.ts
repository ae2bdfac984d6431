import { sql } from 'kysely';
import { requestAt } from './ageRequest.js';
import type { TestPortal } from './portal.js';
import type { DirectoryState } from './tenant.js';
import { waitFor } from './waitFor.js';

/** What a mail that asks for proof of the mailbox says. */
export type ProofMail = { code: string; link: string; mail: DirectoryState['mails'][number] };

/** Waits for the `count`th mail that asks for proof, and reads it. `link` is a path. */
export async function proofMailTo(portal: TestPortal, address: string, count = 1): Promise<ProofMail> {
  const mail = await waitFor(`mail ${count} to ${address}`, async () => {
    const mails = (await portal.tenant.mailsTo(address)).filter(({ text }) => text.includes('/verify/link/'));
    return mails[count - 1];
  });
  const code = /^\s+(\d{6})$/m.exec(mail.text)?.[1];
  const link = /\/verify\/link\/\S+/.exec(mail.text)?.[0];
  if (code === undefined || link === undefined)
    throw new Error(`The mail has no code or no link: ${mail.text}`);
  return { code, link, mail };
}

/** A code of six digits that is not this one. */
export function otherThan(code: string, by = 1): string {
  return String((Number(code) + by) % 1_000_000).padStart(6, '0');
}

export const tokenIn = (path: string) => path.split('/').at(-1) ?? '';

/** Makes everything that happened about the proof of a request older. */
export async function ageProof(portal: TestPortal, path: string, seconds: number): Promise<void> {
  const { db } = portal.deps.store;
  const { id } = await requestAt(portal, path);
  const earlier = (column: string) => sql<Date>`${sql.ref(column)} - ${seconds} * interval '1 second'`;
  await db
    .updateTable('challenge')
    .set({ asked_at: earlier('asked_at'), expires_at: earlier('expires_at') })
    .where('request_id', '=', id)
    .execute();
  await db
    .updateTable('challenge_browser')
    .set({ asked_at: earlier('asked_at') })
    .where('request_id', '=', id)
    .execute();
  await db
    .updateTable('mailbox')
    .set({ mailed_at: earlier('mailed_at') })
    .execute();
}

/** The events of a request, oldest first. */
export async function eventsOf({ deps }: TestPortal, requestId: string): Promise<string[]> {
  const rows = await deps.store.db
    .selectFrom('audit_event')
    .select('action')
    .where('request_id', '=', requestId)
    .orderBy('id')
    .execute();
  return rows.map(({ action }) => action);
}
