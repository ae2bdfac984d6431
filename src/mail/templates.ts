import { join } from 'node:path';
import ejs from 'ejs';
import { accentOf } from '../accent.js';
import type { Translate } from '../language.js';
import { root } from '../root.js';

/** What every mail shows: the organisation's `colour`, `#rrggbb`, if it has one, and the reference of the request. */
export type Sender = { organization: string; contact: string; colour?: string; reference?: string };

/** What `views/mail/invitation.*` show. Of what the applicant typed only the first name. */
type InvitationMail = Sender & {
  firstName: string;
  partnerName: string;
  /** Whether a person has approved the request: then the mail says so first. */
  approved: boolean;
  /** Whether somebody asked for it with this address; otherwise an admin has invited them. */
  asked: boolean;
  message: string | null;
  apps: { name: string; url: string }[];
  /** Null for a guest who has accepted already. */
  redeemUrl: string | null;
  statusUrl: string | null;
};

/**
 * Tells an approver of one request. What the applicant typed comes without links, and the reason in lines; `received` is in
 * words.
 */
type WaitingMail = Sender & {
  name: string;
  company: string;
  domain: string;
  reason: string[];
  received: string;
  partnerName: string;
  requestUrl: string;
};

/** Tells an approver what waits, by partner; `since` is in words. */
type DigestMail = Sender & {
  count: number;
  lines: { partnerName: string; count: number; since: string; url: string }[];
};

/** Tells the applicant that a person has refused; `reason` is in that person's words. */
type DeniedMail = Sender & { firstName: string; reason: string | null; statusUrl: string | null };

/** Has the applicant show that the mailbox is theirs. Of what they typed only the first name. */
type ProofMail = Sender & { firstName: string; code: string; linkUrl: string; minutes: number };

/** Tells who started a run why it was halted, with Microsoft's words. */
type RunHaltedMail = Sender & { name: string; why: string; words: string[]; runUrl: string };

/** Tells the reviewers which licences run out; a sentence each. */
type LicencesMail = Sender & { lines: string[]; licencesUrl: string };

/** Tells the owner of the mailbox what the directory says of it; each `reason` has a text. */
type AnswerMail = Sender & { reason: string };

type Mails = {
  invitation: InvitationMail;
  waiting: WaitingMail;
  digest: DigestMail;
  denied: DeniedMail;
  proof: ProofMail;
  known: AnswerMail;
  runHalted: RunHaltedMail;
  licences: LicencesMail;
};

const SUBJECTS: { [Name in keyof Mails]: (t: Translate, mail: Mails[Name]) => string } = {
  invitation: (t, { organization }) => t('mail.invitation.subject', { organization }),
  waiting: (t, { partnerName }) => t('notice.waiting.subject', { partner: partnerName }),
  digest: (t, { count }) => t('notice.digest.subject', { count }),
  denied: (t, { organization }) => t('notice.denied.subject', { organization }),
  proof: (t, { organization }) => t('proof.mail.subject', { organization }),
  runHalted: (t, { name }) => t('notice.runHalted.subject', { name }),
  licences: (t, { organization }) => t('notice.licences.subject', { organization }),
  known: (t, { organization }) => t('notice.known.subject', { organization }),
};

/** Renders a mail: its subject from `locales/`, its HTML and plain text from one template each. */
export async function renderMail<Name extends keyof Mails>(
  t: Translate,
  name: Name,
  data: Mails[Name],
): Promise<{ subject: string; html: string; text: string }> {
  const subject = SUBJECTS[name](t, data);
  const values = { ...data, t, subject, language: languageOf(t), accent: accentOf(data.colour) };
  const template = (kind: string) => join(root, 'views', 'mail', `${name}.${kind}.ejs`);
  const [html, text] = await Promise.all([
    ejs.renderFile(template('html'), values, { cache: true }),
    // Plain text is written as it is: entities would be shown.
    ejs.renderFile(template('text'), values, { cache: true, escape: String }),
  ]);
  return { subject, html, text: text.trim() };
}

/** The language that the texts are in, which is English where there are none in the one that was asked for. */
function languageOf(t: Translate): string {
  return t('page.help', { returnDetails: true }).usedLng;
}
