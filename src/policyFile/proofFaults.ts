import type { Config } from '../config.js';
import type { PolicyCheck } from './policyReading.js';
import type { Partner } from '../policy/schema.js';

const ALL: readonly Partner['proof'][] = ['invitation', 'mailbox', 'tenant'];

/** The kinds of proof that this portal, as it is set up, can take. */
export function takenProofs({ mail }: Pick<Config, 'mail'>): readonly Partner['proof'][] {
  return mail === null ? ALL.filter((proof) => proof !== 'mailbox') : ALL;
}

/**
 * Faults of a policy that this portal, as it is set up, could not follow: proof of a mailbox takes a mail of the portal's own, and
 * a rule that nobody can satisfy must not be accepted silently.
 */
export function proofFaults({ mail }: Pick<Config, 'mail'>): PolicyCheck {
  return ({ document }) =>
    document.partners.flatMap(({ proof }, index) =>
      proof === 'mailbox' && mail === null
        ? [
            {
              path: `partners[${index}].proof`,
              message:
                'asks for proof of the mailbox, for which the portal needs a mail server: set SMTP_URL, or use another proof',
              setting: 'SMTP_URL',
            },
          ]
        : [],
    );
}
