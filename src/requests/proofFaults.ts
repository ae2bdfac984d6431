import type { Policy } from '../policy/policy.js';
import type { PolicyFault } from '../policy/policyFault.js';

/**
 * A policy may ask for proof of the mailbox or of the home tenant before a request counts. This version of the
 * portal cannot take such proof yet, and a rule that nobody can satisfy must not be accepted silently.
 */
export function proofFaults(policy: Policy): PolicyFault[] {
  return policy.document.partners.flatMap(({ proof }, index) =>
    proof === 'invitation'
      ? []
      : [
          {
            path: `partners[${index}].proof`,
            message: `This version takes proof by "invitation" only, not by "${proof}".`,
          },
        ],
  );
}
