import type { DirectoryUser } from '../../graph/users.js';
import type { Guest, Problem } from '../../store/schema.js';

/** What accounts mean for an invitation: a guest who is there, or a problem. */
export type Account = { guest: Guest } | { problem: Problem };

/**
 * Who has an address.
 *
 * @param users the accounts that answer to it
 * @returns null when nobody has it; a problem for a member, a blocked account, or an address that several guests share
 */
export function accountOf(users: readonly DirectoryUser[]): Account | null {
  const [user, another] = users;
  if (users.some(isMember)) return { problem: { code: 'existingMember' } };
  if (another) return { problem: { code: 'ambiguousGuest', detail: users.map(({ id }) => id).join(', ') } };
  if (!user) return null;
  if (user.accountEnabled === false) return { problem: { code: 'guestBlocked', detail: user.id } };
  return { guest: { id: user.id, accepted: isInPlace(user) } };
}

/** An invited person counts as a guest, even if an admin has made them a member. */
function isMember(user: DirectoryUser): boolean {
  return user.userType !== 'Guest' && user.creationType !== 'Invitation';
}

/** Only guests who were invited have a state: one who signed up in a user flow, or was created by an admin, has none to wait for. */
function isInPlace({ externalUserState, creationType }: DirectoryUser): boolean {
  return externalUserState === 'Accepted' || (!externalUserState && creationType !== 'Invitation');
}
