import { join } from 'node:path';
import ejs from 'ejs';
import type { Translate } from '../language.js';
import { root } from '../root.js';

/** What `views/mail/invitation.*` show. Of what the requester typed only the first name. */
export type InvitationMail = {
  organization: string;
  contact: string;
  firstName: string;
  partnerName: string;
  message: string | null;
  apps: { name: string; url: string }[];
  /** Null for a guest who has accepted already. */
  redeemUrl: string | null;
  statusUrl: string | null;
};

type Mails = { invitation: InvitationMail };

/** Renders a mail: its subject from `locales/`, its HTML and plain text from one template each. */
export async function renderMail<Name extends keyof Mails>(
  t: Translate,
  name: Name,
  data: Mails[Name],
): Promise<{ subject: string; html: string; text: string }> {
  const values = { ...data, t };
  const template = (kind: string) => join(root, 'views', 'mail', `${name}.${kind}.ejs`);
  const [html, text] = await Promise.all([
    ejs.renderFile(template('html'), values, { cache: true }),
    // Plain text is written as it is: entities would be shown.
    ejs.renderFile(template('text'), values, { cache: true, escape: String }),
  ]);
  return { subject: t(`mail.${name}.subject`, { organization: data.organization }), html, text: text.trim() };
}
