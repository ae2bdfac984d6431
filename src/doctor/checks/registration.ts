import { findGroups } from '../../graph/groups.js';
import { getRegistration, type Registration } from '../../graph/organization.js';
import type { Config } from '../../config.js';
import { finding, type Finding } from '../finding.js';
import type { CheckUp, Patient } from '../patient.js';

const SOON_DAYS = 30;
const DAY_MS = 24 * 3600_000;

/** Our own app registration: how long its secret lasts, and whether its tokens name groups that approve. */
export const examineRegistration: CheckUp = async function examineRegistration(patient, signal) {
  const { graph, config } = patient;
  const registration = await getRegistration(graph, config.signIn.clientId, signal);
  return [secretFinding(registration, config), ...(await groupClaim(patient, registration, signal))];
};

/**
 * Entra shows the first three characters of each secret, which tells ours among them. One that has ended is not ours: with
 * that, no token would have been given.
 */
function secretFinding({ passwordCredentials }: Registration, { signIn }: Config): Finding {
  const ours = passwordCredentials
    .filter(
      ({ hint, endDateTime }) =>
        hint === signIn.clientSecret.slice(0, 3) && endDateTime.getTime() > Date.now(),
    )
    .map(({ endDateTime }) => endDateTime.getTime());
  if (ours.length === 0) return finding('registration', 'secretNotListed');
  const ends = Math.min(...ours);
  const days = Math.floor((ends - Date.now()) / DAY_MS);
  const date = new Date(ends).toISOString().slice(0, 10);
  return finding('registration', days < SOON_DAYS ? 'secretEndsSoon' : 'secretValid', { count: days, date });
}

/** Where groups approve, who belongs to them is read off people's tokens, or asked of Graph at some cost. */
async function groupClaim(
  { policy, graph }: Patient,
  { groupMembershipClaims }: Registration,
  signal: AbortSignal,
) {
  const approvers = policy?.current().policy.document.partners.flatMap((partner) => partner.approvers) ?? [];
  const groups =
    approvers.length > 0 ? await findGroups(graph, approvers, signal) : new Map<string, unknown>();
  if (groups.size === 0) return [];
  const named = groupMembershipClaims && groupMembershipClaims !== 'None';
  return [finding('registration', named ? 'groupsNamed' : 'groupsAsked')];
}
