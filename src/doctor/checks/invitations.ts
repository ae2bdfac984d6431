import { getAllowInvitesFrom } from '../../graph/organization.js';
import { finding } from '../finding.js';
import type { CheckUp } from '../patient.js';

/** Whom the tenant lets invite guests. */
export const examineInvitations: CheckUp = async function examineInvitations({ graph }, signal) {
  const setting = await getAllowInvitesFrom(graph, signal);
  return [finding('invitations', setting === 'none' ? 'nobody' : 'allowed', { setting })];
};
