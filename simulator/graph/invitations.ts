import { randomBytes, randomUUID } from 'node:crypto';
import { addUser, findGroupByAddress, findUserByAddress, type Invitation } from '../directory.js';
import { graphTime, type User } from '../objects.js';
import { sendInvitation } from '../invitationMail.js';
import type { Reply } from '../reply.js';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import { context, referencedId, type GraphCall } from './call.js';
import { GraphError, badRequest, resourceNotFound } from './errors.js';
import { readOrder, type Order } from './invitationOrder.js';

/** POST /invitations: invites a new guest, or invites one again, whose older link then stops working. */
export function createInvitation(call: GraphCall): Reply {
  const { tenant } = call;
  requireInvitationsAllowed(tenant);
  const order = readOrder(call.body);
  refuseOwnAddress(tenant, order.address);
  const existing = order.resetRedemption
    ? userToReset(call, order)
    : findUserByAddress(tenant.directory, order.address);
  if (existing) refuseExisting(existing);
  refuseUnknownSponsors(tenant, order.sponsors);

  const user = existing ?? newGuest(tenant, order);
  if (order.resetRedemption) setPending(user);
  if (order.sponsors.length > 0)
    tenant.directory.sponsors.set(
      user.id,
      order.sponsors.map(({ id }) => id),
    );
  const invitation = issue(tenant, user, order.redirectUrl);
  const redeemUrl = redeemUrlOf(tenant, invitation);
  if (order.sendMessage) sendInvitation(tenant, { ...order, redeemUrl });
  return { status: 201, body: invitationBody(call, order, { invitation, redeemUrl, user }) };
}

function requireInvitationsAllowed({ settings }: Tenant): void {
  const mayInvite = settings.permissions.includes('User.Invite.All');
  const open = settings.allowInvitesFrom === 'everyone';
  // User.ReadWrite.All alone is not enough where only some may invite.
  if (settings.allowInvitesFrom === 'none' || (!mayInvite && !open)) {
    const message =
      'Guest invitations not allowed for your company. Contact your company administrator for more details.';
    throw new GraphError(403, 'Forbidden', message);
  }
}

function refuseOwnAddress(tenant: Tenant, address: string): void {
  if (findGroupByAddress(tenant.directory, address)) {
    throw badRequest('Group email address is not supported', 'BadRequest');
  }
  const domain = address.slice(address.indexOf('@') + 1).toLowerCase();
  if (!seed.verifiedDomains.includes(domain)) return;
  if (domain.endsWith('.onmicrosoft.com')) throw badRequest('Invitee is in inviter tenant', 'BadRequest');
  const message =
    "This user cannot be invited because the domain of the user's email address is a verified domain of this directory.";
  throw badRequest(message, 'BadRequest');
}

/** The guest whose redemption starts again; a new address must be on the user object already. */
function userToReset(call: GraphCall, order: Order): User {
  if (!call.tenant.settings.permissions.includes('User.ReadWrite.All')) {
    throw new GraphError(403, 'Forbidden', 'Generic authorization exception.');
  }
  const id = referencedId(call.body.invitedUser);
  const user = call.tenant.directory.users.get(id);
  if (user?.deletedDateTime !== null) throw resourceNotFound(id);
  if (findUserByAddress(call.tenant.directory, order.address) !== user) {
    const message =
      'The email you’re using to invite this user doesn’t match any emails on the user object. Please add this email to the user object and try again.';
    throw badRequest(message, 'BadRequest');
  }
  return user;
}

function setPending(user: User): void {
  user.externalUserState = 'PendingAcceptance';
  user.externalUserStateChangeDateTime = graphTime();
}

function refuseExisting(user: User): void {
  const known = `The invited user already exists in the directory as object ID: ${user.id}`;
  if (user.creationType === null) {
    const message = `${known}. They can use that account to sign in to shared apps and resources.`;
    throw badRequest(message, 'BadRequest');
  }
  if (!user.accountEnabled) {
    const message = `${known}, but the account is blocked from signing in. If the account is unblocked, they can use that account to sign in to shared apps and resources.`;
    throw new GraphError(412, 'PreconditionFailed', message);
  }
}

/** A sponsor given as a person has to be one; by id alone, a group will do. */
function refuseUnknownSponsors({ directory }: Tenant, sponsors: Order['sponsors']): void {
  const isPerson = (id: string) => directory.users.get(id)?.deletedDateTime === null;
  const unknown = sponsors.find(
    ({ id, asPerson }) => !isPerson(id) && (asPerson || !directory.groups.has(id)),
  );
  if (unknown) throw resourceNotFound(unknown.id);
}

function newGuest({ directory }: Tenant, order: Order): User {
  const user = addUser(directory, {
    mail: order.address,
    userType: 'Guest',
    ...(order.displayName && { displayName: order.displayName }),
  });
  user.userType = order.userType; // an invited member is still an outside identity
  directory.invitedAt.set(user.id, Date.now());
  return user;
}

function issue({ directory }: Tenant, user: User, redirectUrl: string): Invitation {
  const ticket = randomBytes(32).toString('base64url');
  const invitation = { id: randomUUID(), ticket, userId: user.id, redirectUrl };
  directory.invitations.set(invitation.id, invitation);
  directory.currentInvitation.set(user.id, invitation.id);
  return invitation;
}

/** In the shape of Microsoft's link: `user` names the invitation, not the user. */
function redeemUrlOf(tenant: Tenant, invitation: Invitation): string {
  const inner = new URLSearchParams({
    tenant: seed.tenantId,
    user: invitation.id,
    ticket: invitation.ticket,
    ver: '2.0',
  });
  const target = `https://invitations.microsoft.com/redeem/?${inner.toString()}`;
  return `${tenant.urls.people}/redeem?rd=${encodeURIComponent(target)}`;
}

function invitationBody(
  call: GraphCall,
  order: Order,
  { invitation, redeemUrl, user }: { invitation: Invitation; redeemUrl: string; user: User },
): object {
  return {
    '@odata.context': context(call, 'invitations/$entity'),
    id: invitation.id,
    inviteRedeemUrl: redeemUrl,
    invitedUserDisplayName: order.displayName ?? null,
    invitedUserType: order.userType,
    invitedUserEmailAddress: order.address,
    sendInvitationMessage: order.sendMessage,
    resetRedemption: order.resetRedemption,
    inviteRedirectUrl: order.redirectUrl,
    status: user.externalUserState === 'PendingAcceptance' ? 'PendingAcceptance' : 'Completed',
    invitedUserMessageInfo: {
      messageLanguage: order.language,
      customizedMessageBody: order.customText,
      ccRecipients: [{ emailAddress: { name: null, address: order.cc } }],
    },
    invitedUser: { id: user.id },
  };
}
