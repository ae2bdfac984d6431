import { DAY_MS } from '../../days.js';
import { findGroups } from '../../graph/groups.js';
import { getRegistration, type Registration } from '../../graph/organization.js';
import type { Config } from '../../config.js';
import { GraphFault } from '../../graph/graphFault.js';
import { finding, type Finding } from '../finding.js';
import type { CheckUp, Patient } from '../patient.js';
import { partnersAsking } from './partnersAsking.js';

const SOON_DAYS = 30;

/**
 * Our own app registration: how long its secret lasts, whether its tokens name groups that approve, where it sends people back
 * to, and whether people of other organisations can sign in with it, where a partner asks them to.
 */
export const examineRegistration: CheckUp = async function examineRegistration(patient, signal) {
  const { graph, config, policy } = patient;
  const asking = partnersAsking(policy, 'tenant');
  const registration = await getRegistration(graph, config.signIn.clientId, signal).catch(
    (error: unknown) => {
      if (asking && error instanceof GraphFault && error.kind === 'forbidden') return null;
      throw error;
    },
  );
  if (!registration) return [finding('registration', 'audienceUnknown', asking ?? {})];
  return [
    secretFinding(registration, config),
    ...redirectFindings(registration, config),
    ...(asking ? [audienceFinding(registration, asking)] : []),
    ...(await groupClaim(patient, registration, signal)),
  ];
};

/** Entra lets people of other tenants sign in at an app that is open to them; @see https://learn.microsoft.com/graph/api/resources/application */
function audienceFinding({ signInAudience }: Registration, asking: { partner: string; count: number }) {
  const open = signInAudience === 'AzureADMultipleOrgs' || signInAudience === OPEN_TO_ALL;
  return finding('registration', open ? 'multiTenant' : 'singleTenant', asking);
}

const OPEN_TO_ALL = 'AzureADandPersonalMicrosoftAccount';

/** Without it Entra sends nobody back to the portal: neither staff nor people of partners can sign in. */
function redirectFindings({ web }: Registration, { baseUrl }: Config): Finding[] {
  const url = `${baseUrl}/auth/callback`;
  const known = (web?.redirectUris ?? []).map(comparable);
  return known.includes(comparable(url)) ? [] : [finding('registration', 'redirectMissing', { url })];
}

/** Entra looks past the port of an address on localhost; @see https://learn.microsoft.com/entra/identity-platform/reply-url */
function comparable(url: string): string {
  return url.replace(/^(http:\/\/localhost):\d+(?=\/)/, '$1');
}

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
