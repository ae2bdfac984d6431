import { SpanKind } from '@opentelemetry/api';
import { MailFault, type Mailer } from '../mail/mailer.js';
import type { MailOutcome } from './figures.js';
import type { Telemetry } from './telemetry.js';

/** The same mailer, which counts what becomes of its mails. */
export function countedMailer(
  mailer: Mailer,
  { figures, tracing }: Pick<Telemetry, 'figures' | 'tracing'>,
): Mailer {
  return {
    ...mailer,
    send: (mail, signal) =>
      tracing.span(
        { name: 'send mail', kind: SpanKind.CLIENT, attributes: { 'peer.service': 'mail server' } },
        async () => {
          try {
            await mailer.send(mail, signal);
            figures.mail('sent');
          } catch (error) {
            figures.mail(outcomeOf(error));
            throw error;
          }
        },
      ),
  };
}

function outcomeOf(error: unknown): MailOutcome {
  if (!(error instanceof MailFault)) return 'unavailable';
  if (error.accepted === 'unknown') return 'unknown';
  return error.refused ? 'refused' : 'unavailable';
}
