import { randomUUID } from 'node:crypto';

// One inbox for all mailboxes: what the portal sends by SMTP and what Microsoft would send.

/** Enough for the largest measure of the bench. */
const CAPACITY = 25_000;

export type Mail = {
  id: string;
  from: string;
  /** Everyone it was delivered to (for SMTP the envelope, so blind copies too). */
  to: string[];
  subject: string;
  text: string;
  html: string;
  headers: Record<string, string>;
  receivedAt: string;
  source: 'smtp' | 'graph';
};

export type Inbox = { mails: Mail[] };

/** Puts a mail into the inbox; when that is full, the oldest mail goes. */
export function deliver(inbox: Inbox, mail: Omit<Mail, 'id' | 'receivedAt'>): Mail {
  const delivered = { id: randomUUID(), ...mail, receivedAt: new Date().toISOString() };
  inbox.mails.push(delivered);
  if (inbox.mails.length > CAPACITY) inbox.mails.shift();
  return delivered;
}

/** The mails that were delivered to exactly this address, oldest first. */
export function mailsTo(inbox: Inbox, address: string): Mail[] {
  return inbox.mails.filter(({ to }) => to.includes(address));
}
