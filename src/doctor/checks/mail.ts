import { MailFault } from '../../mail/mailer.js';
import { finding } from '../finding.js';
import type { CheckUp } from '../patient.js';

/** The mail server lets us in. Nothing is sent. */
export const examineMail: CheckUp = async function examineMail({ mailer, config }) {
  if (!mailer || !config.mail) return [finding('mail', 'none')];
  const server = new URL(config.mail.url).host;
  try {
    await mailer.verify();
    return [finding('mail', 'ready', { server })];
  } catch (error) {
    if (!(error instanceof MailFault)) throw error;
    return [finding('mail', error.refused ? 'refused' : 'unreachable', { server, message: error.message })];
  }
};
