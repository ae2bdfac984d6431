import type { Deps } from '../../deps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { getUser } from '../../graph/users.js';
import { MailFault } from '../../mail/mailer.js';
import { renderMail } from '../../mail/templates.js';
import type { Problem } from '../../store/schema.js';
import { addressOf } from '../../policy/decide.js';
import { sender } from '../notices/compose.js';
import { openMailedPage } from '../pageToken.js';
import { isRow } from '../row.js';
import { inMail } from '../submit/names.js';
import { issueInvitation, findGuest } from './invite.js';
import { StepStop, type Step, type StepContext, type StepResult } from './step.js';

/** Mails the guest, unless Microsoft has mailed the invitation. */
export const mailInvitation: Step = async (context) => {
  const { mailedBy, redeemUrl = null } = context.invitation;
  // A run mails only people that it invites.
  if (mailedBy === 'nobody' && isRow(context.request)) return { detail: { mailedBy } };
  // They were invited without a mail before they signed up themselves, and its link was not kept.
  if (mailedBy === 'nobody' && context.guest?.accepted === false) return resendInvitation(context);
  return mailedBy === 'microsoft' ? { detail: { mailedBy } } : mail(context, redeemUrl);
};

/**
 * Mails the invitation once more. A guest who has accepted needs none; the others get a new invitation, since only the newest
 * redeem link works.
 */
export const resendInvitation: Step = async (context) => {
  if (context.step.detail.begunAt) return unconfirmed(context);
  const guest = await findGuest(context);
  if (!guest) throw new StepStop(await whyNotFound(context));
  if (guest.accepted) return { detail: { guest, mailedBy: 'nobody' } };
  const issued = await issueInvitation(context);
  if ('found' in issued) return { detail: { guest: issued.found, mailedBy: 'nobody' } };
  const { redeemUrl, completed, guestId, requestId } = issued;
  // Accepted since: there is nothing left to accept.
  if (completed) return { detail: { guest: { id: guestId, accepted: true }, mailedBy: 'nobody' } };
  if (!context.deps.mailer) return { detail: { mailedBy: 'microsoft' }, graphRequestId: requestId };
  return mail(context, redeemUrl);
};

/** Why no account has the address any more: the guest was deleted, or has another address now, and is still there. */
async function whyNotFound({ deps, request, guest, signal }: StepContext): Promise<Problem> {
  const id = guest?.id ?? request.guest_id;
  // A resend would bring back an account without access.
  if (id === null || !(await exists(deps, id, signal)))
    return { code: 'guestGone', ...(id && { detail: id }) };
  return { code: 'ambiguousGuest', detail: `${id} has another address now` };
}

async function exists({ graph }: Deps, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    await getUser(graph, id, signal);
    return true;
  } catch (error) {
    if (error instanceof GraphFault && error.kind === 'notFound') return false;
    throw error;
  }
}

/**
 * Sends one mail at most. It makes a note first; a later attempt that finds the note cannot know whether the mail arrived, and
 * sends no other, because the applicant can request another one.
 */
async function mail(context: StepContext, redeemUrl: string | null): Promise<StepResult> {
  const { deps, request, step, signal } = context;
  if (!deps.mailer) return { detail: { mailedBy: 'nobody' } };
  if (step.detail.begunAt) return unconfirmed(context);
  const message = await renderInvitation(context, redeemUrl);
  await context.note({ begunAt: new Date().toISOString() });
  try {
    const messageId = `<${step.key.replace(':', '.')}.${request.id}@${new URL(deps.config.baseUrl).hostname}>`;
    await deps.mailer.send({ ...message, to: request.address, messageId }, signal);
  } catch (error) {
    if (!(error instanceof MailFault)) throw error;
    if (error.accepted === 'unknown') return unconfirmed(context);
    await context.note({});
    throw error;
  }
  return { detail: { mailedBy: 'portal' } };
}

function unconfirmed({ deps }: StepContext): StepResult {
  return {
    detail: { mailedBy: deps.mailer ? 'portal' : 'microsoft' },
    unconfirmed: { code: 'mailUnconfirmed' },
  };
}

async function renderInvitation({ deps, request, partner, decision }: StepContext, redeemUrl: string | null) {
  const token = await openMailedPage(deps, deps.store.db, request.id);
  return renderMail(deps.languages.translate(partner.invitation.language ?? request.language), 'invitation', {
    ...sender(deps, request),
    firstName: inMail(request.first_name || addressOf(request).local),
    partnerName: partner.name,
    asked: !isRow(request),
    approved: request.review?.outcome === 'approved' && request.run_id === null,
    message: request.bulk?.message ?? partner.invitation.message ?? null,
    apps: decision.grants.apps.map(({ name, url }) => ({ name, url })),
    redeemUrl,
    statusUrl: token && `${deps.config.baseUrl}/requests/${token}`,
  });
}
