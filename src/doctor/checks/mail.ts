import { MailFault } from '../../mail/mailer.js';
import { finding, type CheckUp } from '../finding.js';
import { partnersRequiring } from './policy.js';

/** The mail server accepts us; nothing is sent. People of partners that require proof of the mailbox need it to get in. */
export const examineMail: CheckUp = async function examineMail({ mailer, config, policy }) {
  if (!mailer || !config.mail) return [finding('mail', 'none')];
  const server = new URL(config.mail.url).host;
  const requiring = partnersRequiring(policy, 'mailbox');
  try {
    await mailer.verify();
    return requiring === null
      ? [finding('mail', 'ready', { server })]
      : [finding('mail', 'readyForProof', { server, ...requiring })];
  } catch (error) {
    if (!(error instanceof MailFault)) throw error;
    const values = { server, message: error.message };
    if (requiring !== null) return [finding('mail', 'noProof', { ...values, ...requiring })];
    return [finding('mail', error.refused ? 'refused' : 'unreachable', values)];
  }
};
