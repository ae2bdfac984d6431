import { GraphFault } from '../../graph/graphFault.js';
import { createInvitation, type IssuedInvitation } from '../../graph/invitations.js';
import { findUsersByAddress, type DirectoryUser } from '../../graph/users.js';
import type { ProblemCode } from '../../store/problemCodes.js';
import type { Guest } from '../../store/schema.js';
import { StepStop, StepWait, type Step, type StepContext, type StepResult } from './step.js';

/** Looks up who has the address in our directory: nobody, a guest who is reused, or a person who needs no invitation. */
export const lookUp: Step = async (context) => {
  const guest = await findGuest(context);
  return { detail: guest ? { guest } : {} };
};

/**
 * @returns the guest with this address, or null
 * @throws {StepStop} for a member, a blocked account, or an address that several guests share
 */
export async function findGuest({ deps, request, signal }: StepContext): Promise<Guest | null> {
  const users = await findUsersByAddress(deps.graph, request.address, signal);
  if (users.some(isMember)) throw new StepStop({ code: 'existingMember' });
  const [user, another] = users;
  if (!user) return null;
  if (another) throw new StepStop({ code: 'ambiguousGuest', detail: users.map(({ id }) => id).join(', ') });
  if (user.accountEnabled === false) throw new StepStop({ code: 'guestBlocked', detail: user.id });
  return { id: user.id, accepted: user.externalUserState === 'Accepted' };
}

/** An invited person counts as a guest, even if an admin has made them a member. */
function isMember(user: DirectoryUser): boolean {
  return user.userType !== 'Guest' && user.creationType !== 'Invitation';
}

/**
 * Issues the invitation, unless the guest has accepted one already.
 *
 * When the portal mails the invitation itself, Microsoft mails nothing, and the call may be repeated: the guest stays the same.
 * When Microsoft mails it, the step makes a note before the call. If the answer never came, it looks in the directory for as
 * long as replication may take, before it sends another.
 */
export const invite: Step = async (context) => {
  const { guest, step } = context;
  if (guest?.accepted) return { detail: { guest, mailedBy: 'nobody' } };
  if (step.detail.begunAt) {
    const outcome = await outcomeOfUnanswered(context, step.detail.begunAt);
    if (outcome) return outcome;
  }
  const issued = await issueInvitation(context);
  return {
    detail: {
      guest: { id: issued.guestId, accepted: false },
      ...(context.deps.mailer
        ? { mailedBy: 'portal', redeemUrl: issued.redeemUrl }
        : { mailedBy: 'microsoft' }),
    },
    graphRequestId: issued.requestId,
  };
};

/** Issues one invitation. The note keeps Microsoft from mailing it twice. */
export async function issueInvitation(context: StepContext): Promise<IssuedInvitation> {
  const { deps, request, partner, signal } = context;
  const mailedByMicrosoft = deps.mailer === null;
  if (mailedByMicrosoft) await context.note({ begunAt: new Date().toISOString() });
  try {
    return await createInvitation(
      deps.graph,
      {
        address: request.address,
        displayName: `${request.first_name} ${request.last_name}`,
        redirectUrl: partner.invitation.redirectUrl,
        userType: partner.invitation.userType,
        language: partner.invitation.language ?? request.language,
        sponsors: partner.invitation.sponsors,
        mailedByMicrosoft,
      },
      signal,
    );
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    if (mailedByMicrosoft && error.processed === 'no') await context.note({});
    throw refusalOf(error) ?? error;
  }
}

async function outcomeOfUnanswered(context: StepContext, begunAt: string): Promise<StepResult | null> {
  const found = await findGuest(context);
  if (found) {
    const detail = { guest: found, mailedBy: 'microsoft' as const };
    // A guest who existed before does not show whether this invitation was mailed.
    return context.guest ? { detail, unconfirmed: { code: 'mailUnconfirmed' } } : { detail };
  }
  const waitedSeconds = (Date.now() - Date.parse(begunAt)) / 1000;
  if (waitedSeconds < context.deps.limits.unansweredInvitationSeconds) {
    throw new StepWait('Waiting for the directory to show whether the invitation went through');
  }
  return null;
}

type Refusal = { match: RegExp; code: ProblemCode };

/** Microsoft's refusals of an invitation. Only their texts distinguish them. */
const REFUSALS: Refusal[] = [
  {
    match: /verified domain of this directory|Invitee is in inviter tenant/,
    code: 'ownDomain',
  },
  { match: /account is blocked from signing in/, code: 'guestBlocked' },
  { match: /already exists in the directory/, code: 'existingMember' },
  { match: /Group email address is not supported/, code: 'groupAddress' },
  { match: /Primary SMTP Address is an invalid value/, code: 'addressRefused' },
  { match: /invitations not allowed for your company/, code: 'invitationsOff' },
  { match: /cross-tenant access settings/, code: 'crossTenantBlocked' },
];

function refusalOf(fault: GraphFault): StepStop | null {
  const refusal = REFUSALS.find(({ match }) => match.test(fault.message));
  return refusal ? new StepStop({ code: refusal.code, detail: fault.message }) : null;
}
