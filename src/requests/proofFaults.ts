import type { Policy } from '../policy/policy.js';
import type { PolicyFault } from '../policy/policyFault.js';
import type { Partner } from '../policy/schema.js';

/** The kinds of proof that this version of the portal can take. */
export const TAKEN_PROOFS: readonly Partner['proof'][] = ['invitation'];

/**
 * A policy may ask for proof of the mailbox or of the home tenant before a request counts. This version of the
 * portal cannot take such proof yet, and a rule that nobody can satisfy must not be accepted silently.
 */
export function proofFaults(policy: Policy): PolicyFault[] {
  const quoted = TAKEN_PROOFS.map((proof) => `"${proof}"`).join(' and ');
  return policy.document.partners.flatMap(({ proof }, index) =>
    TAKEN_PROOFS.includes(proof)
      ? []
      : [
          {
            path: `partners[${index}].proof`,
            message: `This version takes proof by ${quoted} only, not by "${proof}".`,
          },
        ],
  );
}
