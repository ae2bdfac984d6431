import { findUsersByAddress, type DirectoryUser } from '../../graph/users.js';
import type { Guest } from '../../store/schema.js';
import { StepStop, type Step, type StepContext } from './step.js';

/** Who holds the address in our directory: nobody yet, a guest who is reused, or someone who needs no invitation. */
export const lookUp: Step = async (context) => {
  const guest = await findGuest(context);
  return { detail: guest ? { guest } : {} };
};

/**
 * @returns the guest with this address, or null
 * @throws {StepStop} for a member of ours, a blocked account, or an address that several guests share
 */
export async function findGuest({ deps, request, signal }: StepContext): Promise<Guest | null> {
  const users = await findUsersByAddress(deps.graph, request.address, signal);
  if (users.some(isMember)) throw new StepStop({ code: 'existingMember' });
  const [user, another] = users;
  if (!user) return null;
  if (another) throw new StepStop({ code: 'ambiguousGuest', detail: users.map(({ id }) => id).join(', ') });
  if (user.accountEnabled === false) throw new StepStop({ code: 'guestBlocked', detail: user.id });
  return { id: user.id, accepted: user.externalUserState === 'Accepted' };
}

/** Invited people stay invited people, also where an admin has made them members. */
function isMember(user: DirectoryUser): boolean {
  return user.userType !== 'Guest' && user.creationType !== 'Invitation';
}
