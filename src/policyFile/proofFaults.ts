import type { Partner } from '../policy/schema.js';
import type { PolicyCheck } from './policyReading.js';

const ALL: readonly Partner['proof'][] = ['invitation', 'mailbox', 'tenant'];

/** The kinds of proof that this portal can take; for that of a mailbox it sends a mail of its own. */
export function possibleProofs(hasMailServer: boolean): readonly Partner['proof'][] {
  return hasMailServer ? ALL : ALL.filter((proof) => proof !== 'mailbox');
}

/** Refuses a policy that asks for a proof which this portal cannot take: nobody of that partner could ever sign up. */
export function proofFaults(hasMailServer: boolean): PolicyCheck {
  const possible = possibleProofs(hasMailServer);
  return ({ document }) =>
    document.partners.flatMap(({ proof }, index) =>
      possible.includes(proof)
        ? []
        : [
            {
              path: `partners[${index}].proof`,
              message:
                'asks for proof of the mailbox, for which the portal needs a mail server: set SMTP_URL, or use another proof',
              setting: 'SMTP_URL',
            },
          ],
    );
}
