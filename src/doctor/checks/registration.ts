import { DAY_MS } from '../../days.js';
import { findGroups } from '../../graph/groups.js';
import { getRegistration, type Registration } from '../../graph/organization.js';
import type { Config } from '../../config.js';
import { GraphFault } from '../../graph/graphFault.js';
import { finding, type Finding, type CheckUp, type Patient } from '../finding.js';
import { partnersRequiring } from './policy.js';

const SOON_DAYS = 30;

/**
 * Our own app registration: how long its secret lasts, whether its tokens name groups that approve, where it sends people
 * back to, and, where a partner requires it, whether people of other organisations can sign in with it.
 */
export const examineRegistration: CheckUp = async function examineRegistration(patient, signal) {
  const { graph, config, policy } = patient;
  const requiring = partnersRequiring(policy, 'tenant');
  const registration = await getRegistration(graph, config.signIn.clientId, signal).catch(
    (error: unknown) => {
      if (requiring && error instanceof GraphFault && error.kind === 'forbidden') return null;
      throw error;
    },
  );
  if (!registration) return [finding('registration', 'audienceUnknown', requiring ?? {})];
  return [
    secretFinding(registration, config),
    ...redirectFindings(registration, config),
    ...(requiring ? [audienceFinding(registration, requiring)] : []),
    ...(await groupClaim(patient, registration, signal)),
  ];
};

/** Entra lets people of other tenants sign in at an app that is open to them; @see https://learn.microsoft.com/graph/api/resources/application */
function audienceFinding({ signInAudience }: Registration, requiring: { partner: string; count: number }) {
  const open = signInAudience === 'AzureADMultipleOrgs' || signInAudience === OPEN_TO_ALL;
  return finding('registration', open ? 'multiTenant' : 'singleTenant', requiring);
}

const OPEN_TO_ALL = 'AzureADandPersonalMicrosoftAccount';

/** Without this address nobody can sign in, neither staff nor people of partners: Entra refuses to send them back. */
function redirectFindings({ web }: Registration, { baseUrl }: Config): Finding[] {
  const url = `${baseUrl}/auth/callback`;
  const registered = (web?.redirectUris ?? []).map(comparable);
  return registered.includes(comparable(url)) ? [] : [finding('registration', 'redirectMissing', { url })];
}

/** Entra ignores the port of an address on localhost; @see https://learn.microsoft.com/entra/identity-platform/reply-url */
function comparable(url: string): string {
  return url.replace(/^(http:\/\/localhost):\d+(?=\/)/, '$1');
}

/**
 * Entra shows the first three characters of each secret, by which we find ours. A secret that has ended is not ours: it
 * would have brought no token.
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

/** Where groups approve, their members are read from people's tokens or, at a higher cost, from Graph. */
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
