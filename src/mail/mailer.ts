import { Transform } from 'node:stream';
import { createTransport, type SendMailOptions, type Transporter } from 'nodemailer';
import type { Config } from '../config.js';

type Mail = {
  to: string;
  subject: string;
  text: string;
  html: string;
  /** Stable over retries of the same mail, so that a mailbox which gets it twice may drop one. */
  messageId: string;
};

export type Mailer = {
  /**
   * @param signal breaks the connection off when it is aborted
   * @throws {MailFault}
   */
  send(mail: Mail, signal: AbortSignal): Promise<void>;
  /**
   * Connects to the server and signs in, without sending anything.
   *
   * @throws {MailFault}
   */
  verify(): Promise<void>;
  close(): void;
};

/**
 * A mail that was not acknowledged. `accepted` is `unknown` when the server may have taken it
 * nevertheless; `permanent` when it refuses this mail for good.
 */
export class MailFault extends Error {
  override name = 'MailFault';
  constructor(
    message: string,
    readonly accepted: 'no' | 'unknown',
    readonly permanent: boolean,
    cause?: unknown,
    /** The server was there and said no. */
    readonly refused = false,
  ) {
    super(message, { cause });
  }
}

/** The portal's own mail, or null where Microsoft sends the invitations. */
export function createMailer(settings: Config['mail']): Mailer | null {
  if (!settings) return null;
  const transport = createTransport({
    url: settings.url,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    // A connection that is given up is not left to a server that never closes it.
    socketCloseTimeout: 2_000,
    // A mail is text from our templates: nothing is read from files or fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const handedOver = watchHandOver(transport);
  return {
    async send({ to, subject, text, html, messageId }, signal) {
      const message: SendMailOptions & { signal: AbortSignal } = {
        from: settings.from,
        // As an object, so that the address is never parsed as a list.
        to: { name: '', address: to },
        subject,
        text,
        html,
        messageId,
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal,
      };
      try {
        await transport.sendMail(message);
      } catch (error) {
        throw toMailFault(error, handedOver.has(messageId));
      } finally {
        handedOver.delete(messageId);
      }
    },
    async verify() {
      try {
        await transport.verify();
      } catch (error) {
        throw toMailFault(error, false);
      }
    },
    close: () => {
      transport.close();
    },
  };
}

/**
 * Collects the ids of messages whose first byte has been handed to the server. Nodemailer's errors do not show it: one in the
 * middle of a message names the same command as one before it.
 */
function watchHandOver(transport: Transporter): Set<string> {
  const handedOver = new Set<string>();
  transport.use('stream', (mail, done) => {
    const messageId = String(mail.data.messageId);
    mail.message.transform(
      () =>
        new Transform({
          transform(chunk, _encoding, pass) {
            handedOver.add(messageId);
            pass(null, chunk);
          },
        }),
    );
    done();
  });
  return handedOver;
}

type SmtpError = Error & { responseCode?: number; command?: string };

function toMailFault(error: unknown, handedOver: boolean): MailFault {
  const { message, responseCode, command } = error as SmtpError;
  // A reply is a clear no (RFC 5321 section 4.2.1: 4xx for now, 5xx for good).
  const refused = responseCode !== undefined && responseCode >= 400;
  const permanent = refused && responseCode >= 500 && !command?.startsWith('AUTH');
  // The server's reply may quote the address.
  const safe = message.replaceAll(/\S+@\S+/g, '<address>').slice(0, 300);
  return new MailFault(safe, handedOver && !refused ? 'unknown' : 'no', permanent, error, refused);
}
