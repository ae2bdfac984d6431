import { getAllowInvitesFrom } from '../../graph/organization.js';
import { finding, type CheckUp } from '../finding.js';

/** Who may invite guests to the tenant. */
export const examineInvitations: CheckUp = async function examineInvitations({ graph }, signal) {
  const setting = await getAllowInvitesFrom(graph, signal);
  return [finding('invitations', setting === 'none' ? 'nobody' : 'allowed', { setting })];
};
