import { isRecord, referencedId } from './call.js';
import { badRequest, type GraphError } from './errors.js';

const MOST_SPONSORS = 5;

// Source: learn.microsoft.com/graph/api/resources/invitation; `.` and `-` neither begin nor end the user name.
const LOCAL_PART = /^(?![.-])[^\s~!#$%^&*()+=[\]{}\\/|;:"<>?,@]+(?<![.-])$/;
const DOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/i;

const properties = new Set([
  'invitedUserDisplayName',
  'invitedUserEmailAddress',
  'invitedUserMessageInfo',
  'invitedUserSponsors',
  'invitedUserType',
  'invitedUser',
  'inviteRedirectUrl',
  'resetRedemption',
  'sendInvitationMessage',
]);

/** What an invitation asks for. */
export type Order = {
  address: string;
  redirectUrl: string;
  displayName: string | undefined;
  userType: 'Guest' | 'Member';
  sendMessage: boolean;
  resetRedemption: boolean;
  sponsors: { id: string; asPerson: boolean }[];
  language: string | null;
  /** The one further recipient of Microsoft's mail. */
  cc: string | null;
  customText: string | null;
};

/**
 * Reads the body of POST /invitations.
 *
 * @throws GraphError for everything that Graph refuses without looking into the directory
 */
export function readOrder(body: Record<string, unknown>): Order {
  refuseUnknownProperties(body);
  const address = body.invitedUserEmailAddress;
  const redirectUrl = body.inviteRedirectUrl;
  if (typeof address !== 'string' || address === '') throw missing('invitedUserEmailAddress');
  if (typeof redirectUrl !== 'string' || !URL.canParse(redirectUrl)) throw missing('inviteRedirectUrl');
  const [local = '', domain = '', ...rest] = address.split('@');
  if (!LOCAL_PART.test(local) || !DOMAIN.test(domain) || rest.length > 0) {
    throw badRequest('The Primary SMTP Address is an invalid value.', 'BadRequest');
  }
  const userType = body.invitedUserType ?? 'Guest';
  if (userType !== 'Guest' && userType !== 'Member') {
    throw badRequest('The invited user type is neither Guest nor Member.', 'BadRequest');
  }
  return {
    address,
    redirectUrl,
    displayName: typeof body.invitedUserDisplayName === 'string' ? body.invitedUserDisplayName : undefined,
    userType,
    sendMessage: body.sendInvitationMessage === true,
    resetRedemption: body.resetRedemption === true,
    sponsors: readSponsors(body),
    ...readMessageInfo(body.invitedUserMessageInfo),
  };
}

function refuseUnknownProperties(body: Record<string, unknown>): void {
  const unknown = Object.keys(body).find((name) => !name.includes('@') && !properties.has(name));
  if (unknown === undefined) return;
  const message = `The property '${unknown}' does not exist on type 'microsoft.graph.invitation'. Make sure to only use property names that are defined by the type.`;
  throw badRequest(message, 'BadRequest');
}

function missing(property: string): GraphError {
  return badRequest(
    `Invalid value specified for property '${property}' of resource 'Invitation'.`,
    'BadRequest',
  );
}

function readSponsors(body: Record<string, unknown>): Order['sponsors'] {
  const given = body['invitedUserSponsors@odata.bind'] ?? body.invitedUserSponsors ?? [];
  if (!Array.isArray(given)) throw missing('invitedUserSponsors');
  if (given.length > MOST_SPONSORS) {
    throw badRequest(`A user can have at most ${MOST_SPONSORS} sponsors.`, 'BadRequest');
  }
  return given.map((one: unknown) => ({ id: referencedId(one), asPerson: isGivenAsPerson(one) }));
}

/** By a reference below /users, or by an object that says of itself that it is a user. */
function isGivenAsPerson(sponsor: unknown): boolean {
  return isRecord(sponsor)
    ? sponsor['@odata.type'] === '#microsoft.graph.user'
    : typeof sponsor === 'string' && sponsor.includes('/users/');
}

function readMessageInfo(info: unknown): Pick<Order, 'language' | 'cc' | 'customText'> {
  if (!isRecord(info)) return { language: null, cc: null, customText: null };
  const { messageLanguage, customizedMessageBody } = info;
  const recipients = Array.isArray(info.ccRecipients) ? info.ccRecipients : [];
  const first: unknown = recipients[0]; // further ones are dropped without an error
  const email = isRecord(first) && isRecord(first.emailAddress) ? first.emailAddress.address : undefined;
  return {
    language: textOrNull(messageLanguage),
    cc: textOrNull(email),
    customText: textOrNull(customizedMessageBody),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
