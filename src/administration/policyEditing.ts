import type { Access } from '../access/access.js';
import type { Deps } from '../deps.js';

/** Whether a person may change the policy here and now; `why` names the reason for people. */
export type PolicyEditing = { ok: true } | { ok: false; why: string };

export async function checkEditing({ policy }: Pick<Deps, 'policy'>, access: Access): Promise<PolicyEditing> {
  if (!access.rights.has('policy.write')) return { ok: false, why: 'noRight' };
  // The forms show the policy in force, but a change would be made in the faulty file.
  if (policy.faults().length > 0) return { ok: false, why: 'faulty' };
  return policy.writable();
}
