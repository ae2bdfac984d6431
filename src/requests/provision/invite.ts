import { GraphFault } from '../../graph/graphFault.js';
import { createInvitation, InvitationFailed, type IssuedInvitation } from '../../graph/invitations.js';
import { findDeletedUser, findUsersByAddress, getUser, type DirectoryUser } from '../../graph/users.js';
import { cultureOf } from '../../language.js';
import type { Guest, StepDetail } from '../../store/schema.js';
import { problemOf } from '../problems.js';
import { isRow } from '../row.js';
import { fullName } from '../../fullName.js';
import { accountOf } from './account.js';
import { idsNamedIn, refusalCode, saysAccountExists } from './refusals.js';
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
  return guestOf(await findUsersByAddress(deps.graph, request.address, signal));
}

/** @throws {StepStop} as {@link findGuest} does */
function guestOf(users: DirectoryUser[]): Guest | null {
  const account = accountOf(users);
  if (account && 'problem' in account) throw new StepStop(account.problem);
  return account?.guest ?? null;
}

/**
 * Issues the invitation, unless the guest is in place already.
 *
 * When the portal mails the invitation itself, Microsoft mails nothing, and the call may be repeated: the guest stays the same.
 * When Microsoft mails it, the step makes a note before the call. If the answer never came, it looks in the directory for as
 * long as replication may take, before it sends another.
 */
export const invite: Step = async (context) => {
  const { guest, request, step } = context;
  // A run invites only people who have no account yet.
  if (guest && (guest.accepted || isRow(request))) return inPlace(guest);
  // Days may have gone by since the look-up of a row that Microsoft blocked: a person may have invited them meanwhile.
  if (isRow(request) && step.problem?.code === 'invitationsBlocked') {
    const since = await findGuest(context);
    if (since) return inPlace(since);
  }
  if (step.detail.begunAt) {
    const outcome = await outcomeOfUnanswered(context, step.detail.begunAt);
    if (outcome) return outcome;
  }
  const issued = await issueInvitation(context);
  if ('found' in issued) return inPlace(issued.found);
  const { guestId, completed, redeemUrl, requestId } = issued;
  if (completed) return { ...inPlace(await guestInPlace(context, guestId)), graphRequestId: requestId };
  return {
    detail: {
      guest: { id: guestId, accepted: false, ...(!guest && { created: true }) },
      ...mailOf(context, redeemUrl),
    },
    graphRequestId: requestId,
  };
};

/** Who mails the invitation; without a mail, nobody needs its link. */
function mailOf({ deps, request }: StepContext, redeemUrl: string): StepDetail {
  if (request.bulk?.mail === false) return { mailedBy: 'nobody' };
  return deps.mailer ? { mailedBy: 'portal', redeemUrl } : { mailedBy: 'microsoft' };
}

function inPlace(guest: Guest): StepResult {
  return { detail: { guest, mailedBy: 'nobody' } };
}

/** The guest of an invitation that Graph calls completed: an alias leads to an account that no look-up by address finds. */
async function guestInPlace({ deps, signal }: StepContext, id: string): Promise<Guest> {
  try {
    const guest = guestOf([await getUser(deps.graph, id, signal)]);
    return { id, ...guest, accepted: true };
  } catch (error) {
    if (!(error instanceof GraphFault && error.kind === 'notFound')) throw error;
    throw new StepWait({ code: 'replicating', detail: error.message });
  }
}

/**
 * Issues one invitation. The note keeps Microsoft from mailing it twice.
 *
 * @returns the invitation, or the guest who turned out to have the address, and to be in place
 */
export async function issueInvitation(context: StepContext): Promise<IssuedInvitation | { found: Guest }> {
  const { deps, request, partner, step, signal } = context;
  const { bulk } = request;
  const quiet = bulk?.mail === false && step.key === 'invitation';
  const mailedByMicrosoft = deps.mailer === null && !quiet;
  const noted = failuresOf(step.detail);
  if (mailedByMicrosoft) await context.note({ ...noted, begunAt: new Date().toISOString() });
  try {
    return await createInvitation(
      deps.graph,
      {
        address: request.address,
        displayName: fullName(request),
        redirectUrl: bulk?.redirectUrl ?? partner.invitation.redirectUrl,
        userType: partner.invitation.userType,
        language: cultureOf(partner.invitation.language ?? request.language),
        sponsors: partner.invitation.sponsors,
        mailedByMicrosoft,
      },
      signal,
    );
  } catch (error) {
    if (error instanceof InvitationFailed) throw await failedInvitation(context, error);
    if (!(error instanceof GraphFault)) throw error;
    if (mailedByMicrosoft && error.processed === 'no') await context.note(noted);
    if (error.kind === 'rejected' && saysAccountExists(error) && !refusalCode('invitation', error))
      return { found: await whoHasTheAddress(context, error) };
    throw refusalOf(context, error) ?? error;
  }
}

function failuresOf({ failures }: StepDetail): StepDetail {
  return failures === undefined ? {} : { failures };
}

/** How often an invitation that Graph calls a failure is posted. */
const MOST_FAILED_INVITATIONS = 3;

async function failedInvitation(
  context: StepContext,
  failure: InvitationFailed,
): Promise<StepStop | StepWait> {
  const failures = (context.step.detail.failures ?? 0) + 1;
  await context.note({ failures });
  const problem = { code: 'invitationFailed' as const, detail: failure.message };
  return failures < MOST_FAILED_INVITATIONS
    ? new StepWait(problem, failure.requestId)
    : new StepStop(problem, failure.requestId);
}

/**
 * Who has the address that Graph refuses to invite. The look-up before may have been too early; what it does not find now either
 * is an account that the directory does not show.
 *
 * @returns a guest who is in place
 * @throws {StepStop}
 */
async function whoHasTheAddress(context: StepContext, fault: GraphFault): Promise<Guest> {
  const found = await findGuest(context);
  if (found?.accepted) return found;
  const { deps, request, signal } = context;
  const deleted = found ? null : await findDeletedUser(deps.graph, request.address, signal);
  const detail = deleted
    ? `${deleted.id}, deleted ${deleted.deletedDateTime ?? ''}`
    : (problemOf(fault).detail ?? '');
  throw new StepStop({ code: 'hiddenAccount', detail }, fault.requestId);
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
    throw new StepWait({
      code: 'replicating',
      detail: 'Waiting for the directory to show whether the invitation went through',
    });
  }
  return null;
}

function refusalOf({ partner }: StepContext, fault: GraphFault): StepStop | null {
  const { detail = '' } = problemOf(fault);
  if (fault.kind === 'notFound') {
    const named = idsNamedIn(fault);
    const sponsor = partner.invitation.sponsors.find((id) => named.includes(id.toLowerCase()));
    // Nothing here waits for replication, so that any other 404 is a refusal.
    const code = sponsor ? 'sponsorMissing' : 'refusedByMicrosoft';
    return new StepStop({ code, detail: sponsor ?? detail }, fault.requestId);
  }
  const code = refusalCode('invitation', fault);
  return code && new StepStop({ code, detail }, fault.requestId);
}
