import type { Invitation } from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import { unreadable, write, type FieldsOf, type Graph } from './graph.js';

export type InvitationOrder = {
  address: string;
  /** Empty where it is not known. */
  displayName: string;
  redirectUrl: string;
  userType: 'Guest' | 'Member';
  /** BCP 47; Microsoft's mail is in this language. */
  language?: string | undefined;
  /** Object ids of people or groups of ours, at most five. */
  sponsors: string[];
  /** Whether Microsoft mails the invitation. Our own text never arrives with app-only invitations. */
  mailedByMicrosoft: boolean;
};

export type IssuedInvitation = {
  guestId: string;
  redeemUrl: string;
  /** The guest has redeemed an earlier invitation, and has nothing to accept. */
  completed: boolean;
  requestId: string | null;
};

const answer = z.object({
  invitedUserEmailAddress: z.string(),
  status: z.string(),
  inviteRedeemUrl: z.url().nullish(),
  invitedUser: z.object({ id: z.guid() }).nullish(),
} satisfies FieldsOf<Invitation>);

/** Graph answered with success and an invitation that it calls a failure: `status: "Error"`. It does not say why. */
export class InvitationFailed extends Error {
  override name = 'InvitationFailed';
  constructor(readonly requestId: string | null) {
    super('Graph answered the invitation with the status Error, and does not say why');
  }
}

/**
 * Invites a guest. Inviting one again succeeds with the same guest and a new redeem link; the older
 * link then stops working.
 *
 * @throws {GraphFault} an answer for another address, or one that names no guest, counts as `unavailable`
 * @throws {InvitationFailed}
 * @see https://learn.microsoft.com/graph/api/invitation-post
 */
export async function createInvitation(
  graph: Graph,
  order: InvitationOrder,
  signal?: AbortSignal,
): Promise<IssuedInvitation> {
  const call = { method: 'POST', path: '/invitations', body: toInvitation(order), signal } as const;
  const { body, requestId } = await write(graph, call, { status: 201, shape: answer });
  const { status, invitedUser, inviteRedeemUrl, invitedUserEmailAddress } = body;
  if (status === 'Error') throw new InvitationFailed(requestId);
  if (invitedUserEmailAddress.toLowerCase() !== order.address) {
    throw unreadable('The invitation was answered for another address', requestId);
  }
  const completed = status === 'Completed';
  if (!invitedUser || (!inviteRedeemUrl && !completed)) {
    throw unreadable('The invitation was answered without a guest', requestId);
  }
  return { guestId: invitedUser.id, redeemUrl: inviteRedeemUrl ?? '', completed, requestId };
}

function toInvitation(order: InvitationOrder): Invitation & Record<string, unknown> {
  return {
    invitedUserEmailAddress: order.address,
    ...(order.displayName !== '' && { invitedUserDisplayName: order.displayName }),
    inviteRedirectUrl: order.redirectUrl,
    invitedUserType: order.userType,
    sendInvitationMessage: order.mailedByMicrosoft,
    ...(order.language && { invitedUserMessageInfo: { messageLanguage: order.language } }),
    // By id alone: a reference would have to say whether each is a person or a group.
    ...(order.sponsors.length > 0 && { invitedUserSponsors: order.sponsors.map((id) => ({ id })) }),
  };
}
