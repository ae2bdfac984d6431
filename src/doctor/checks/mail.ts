import { MailFault } from '../../mail/mailer.js';
import { finding } from '../finding.js';
import type { CheckUp } from '../patient.js';
import { partnersAsking } from './partnersAsking.js';

/** The mail server lets us in. Nothing is sent. Where partners ask for proof of the mailbox, nobody of theirs gets in without it. */
export const examineMail: CheckUp = async function examineMail({ mailer, config, policy }) {
  if (!mailer || !config.mail) return [finding('mail', 'none')];
  const server = new URL(config.mail.url).host;
  const asking = partnersAsking(policy, 'mailbox');
  try {
    await mailer.verify();
    return asking === null
      ? [finding('mail', 'ready', { server })]
      : [finding('mail', 'readyForProof', { server, ...asking })];
  } catch (error) {
    if (!(error instanceof MailFault)) throw error;
    const values = { server, message: error.message };
    if (asking !== null) return [finding('mail', 'noProof', { ...values, ...asking })];
    return [finding('mail', error.refused ? 'refused' : 'unreachable', values)];
  }
};
