import { GraphFault } from '../../graph/graphFault.js';
import type { ProblemCode } from '../../store/problemCodes.js';

/** Microsoft's refusals of a write that mean one thing. Only their words tell them apart. */
const REFUSALS: Record<'invitation' | 'group' | 'app', { match: RegExp; code: ProblemCode }[]> = {
  invitation: [
    { match: /verified domain of this directory|Invitee is in inviter tenant/, code: 'ownDomain' },
    { match: /account is blocked from signing in/, code: 'guestBlocked' },
    { match: /Group email address is not supported/, code: 'groupAddress' },
    { match: /Primary SMTP Address is an invalid value/, code: 'addressRefused' },
    { match: /invitations not allowed for your company/, code: 'invitationsOff' },
    { match: /suspicious activity/i, code: 'invitationsBlocked' },
    { match: /cross-tenant access settings/, code: 'crossTenantBlocked' },
  ],
  group: [
    { match: /guests? users? are not allowed/i, code: 'groupRefusesGuests' },
    { match: /mail-enabled security groups and or distribution list/, code: 'groupUnusable' },
  ],
  app: [{ match: /Permission being assigned was not found/, code: 'appUnusable' }],
};

/** What a refusal of a write means; null for one that is only quoted. */
export function refusalCode(of: keyof typeof REFUSALS, fault: GraphFault): ProblemCode | null {
  return REFUSALS[of].find(({ match }) => match.test(fault.message))?.code ?? null;
}

/**
 * Somebody has the address already. The directory is asked who, since it may be an account that it does not show: one that was
 * deleted a moment ago keeps its address.
 */
export function saysAccountExists({ message }: GraphFault): boolean {
  return /user already exists/i.test(message);
}

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** The object ids, in lower case, that a fault names. */
export function idsNamedIn({ message }: GraphFault): string[] {
  return (message.match(GUID) ?? []).map((id) => id.toLowerCase());
}
