import type { Invitation } from '@microsoft/microsoft-graph-types';
import { z } from 'zod';
import { unreadable, type FieldsOf, type Graph } from './graph.js';

export type InvitationOrder = {
  address: string;
  displayName: string;
  redirectUrl: string;
  userType: 'Guest' | 'Member';
  /** BCP 47; Microsoft's mail is in this language. */
  language?: string | undefined;
  /** Object ids of people of ours, at most five. */
  sponsors: string[];
  /** Whether Microsoft mails the invitation. Our own text never arrives with app-only invitations. */
  mailedByMicrosoft: boolean;
};

export type IssuedInvitation = {
  id: string;
  guestId: string;
  redeemUrl: string;
  requestId: string | null;
};

const answer = z.object({
  id: z.guid(),
  invitedUserEmailAddress: z.string(),
  inviteRedeemUrl: z.url(),
  invitedUser: z.object({ id: z.guid() }),
} satisfies FieldsOf<Invitation>);

/**
 * Invites a guest. Inviting one again succeeds with the same guest and a new redeem link; the older
 * link then stops working.
 *
 * @throws {GraphFault} an answer that names no guest, or another address, counts as `unavailable`
 * @see https://learn.microsoft.com/graph/api/invitation-post
 */
export async function createInvitation(
  graph: Graph,
  order: InvitationOrder,
  signal?: AbortSignal,
): Promise<IssuedInvitation> {
  const { body, requestId } = await graph.call({
    method: 'POST',
    path: '/invitations',
    body: toInvitation(graph, order),
    signal,
  });
  const parsed = answer.safeParse(body);
  if (!parsed.success) throw unreadable('The invitation was answered without a guest', requestId);
  const { id, invitedUser, inviteRedeemUrl, invitedUserEmailAddress } = parsed.data;
  if (invitedUserEmailAddress.toLowerCase() !== order.address) {
    throw unreadable('The invitation was answered for another address', requestId);
  }
  return { id, guestId: invitedUser.id, redeemUrl: inviteRedeemUrl, requestId };
}

function toInvitation(graph: Graph, order: InvitationOrder): Invitation & Record<string, unknown> {
  return {
    invitedUserEmailAddress: order.address,
    invitedUserDisplayName: order.displayName,
    inviteRedirectUrl: order.redirectUrl,
    invitedUserType: order.userType,
    sendInvitationMessage: order.mailedByMicrosoft,
    ...(order.language && { invitedUserMessageInfo: { messageLanguage: order.language } }),
    ...(order.sponsors.length > 0 && {
      'invitedUserSponsors@odata.bind': order.sponsors.map((id) => `${graph.baseUrl}/users/${id}`),
    }),
  };
}
