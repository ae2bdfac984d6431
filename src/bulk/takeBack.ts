import type { Deps } from '../deps.js';
import { findRolesOfUser, removeAppRole, type AppRoleOfUser } from '../graph/apps.js';
import { GraphFault, unlessMissing } from '../graph/graphFault.js';
import { removeMember } from '../graph/groups.js';
import { checkMemberGroups, deleteUser, getUser } from '../graph/users.js';
import { startDeadline } from '../jobs/deadline.js';
import type { Stop } from '../jobs/stop.js';
import { targetKey } from '../policy/grants.js';
import { isLasting, problemOf, retrySeconds } from '../requests/problems.js';
import { accountOf } from '../requests/provision/account.js';
import { holdLease, type Lease } from '../requests/provision/lease.js';
import { assertTransition } from '../requests/transitions.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import { endAccessOfGone, endGrants, findGrants } from '../store/guests.js';
import { endTurn, type Claim } from '../store/leases.js';
import { insertPause } from '../store/pauses.js';
import { findReliedOn, findUndone, recordUndone } from '../store/runUndo.js';
import type { AccessGrantRow, Undone } from '../store/schema.js';
import { findSteps, LeaseLost } from '../store/steps.js';
import { mayDeleteGuests } from './mayDelete.js';

/** After so many attempts what cannot be taken back stays, and the page of the run says so. */
const MOST_ATTEMPTS = 8;

/**
 * Takes back what a row of a run has given: the grants that the portal made, and the account if the run made it, nobody has
 * accepted the invitation, and nothing else depends on it. It may be cut off anywhere, and repeated.
 */
export async function takeBack(deps: Deps, claim: Claim, stop: Stop): Promise<void> {
  const lease = holdLease(deps, claim);
  lease.beginStep();
  const deadline = startDeadline(deps.limits.stepSeconds, [lease.signal, stop.overdue]);
  let attempts = 1;
  try {
    attempts += (await findUndone(deps.store.db, claim.request.id))?.attempts ?? 0;
    const back = await undo(deps, lease, { signal: deadline.signal, last: attempts >= MOST_ATTEMPTS });
    await end(deps, lease, { ...back, attempts });
  } catch (error) {
    if (error instanceof LeaseLost || lease.signal.aborted) return;
    await tryAgain(deps, lease, error, attempts);
  } finally {
    deadline.clear();
    lease.drop();
  }
}

type Back = Omit<Undone, 'attempts'> & { ended: AccessGrantRow[] };

async function undo(
  deps: Deps,
  { request }: Lease,
  { signal, last }: { signal: AbortSignal; last: boolean },
): Promise<Back> {
  const guestId = request.guest_id;
  if (guestId === null) return { removed: [], kept: [], ended: [], guest: null };
  const all = await findGrants(deps.store.db, guestId);
  const current = all.filter(({ ended_at }) => ended_at === null);
  const relied = await findReliedOn(deps.store.db, request);
  const given = current.filter(
    (grant) =>
      grant.request_id === request.id &&
      grant.found === 'created' &&
      !relied.has(targetKey(grant.target_id, grant.role_id)),
  );
  const kept: Undone['kept'] = [];
  const ended: AccessGrantRow[] = [];
  for (const grant of given) {
    try {
      await remove(deps, grant, signal);
      ended.push(grant);
    } catch (error) {
      const code = error instanceof NotShownYet ? 'replicating' : problemOf(error).code;
      if (code === 'internal' || !(last || isLasting(error))) throw error;
      kept.push({ name: grant.name, code });
    }
  }
  const unsure = current.filter(({ request_id, found }) => request_id === request.id && found === 'unknown');
  const back = { removed: ended.map(nameOf), kept, unsure: unsure.map(nameOf), ended };
  // The account stays with what could not be taken back.
  if (kept.length > 0) return { ...back, guest: null };
  const others = current.filter((grant) => !ended.includes(grant));
  const guest = await accountAfter(deps, request.id, { guestId, ended, others, signal }).catch(
    (error: unknown) => {
      if (error instanceof GraphFault && (last || isLasting(error))) return 'notLookedAt' as const;
      throw error;
    },
  );
  return { ...back, guest };
}

const nameOf = ({ name }: AccessGrantRow) => name;

/** A grant of a moment ago that the directory does not show. */
class NotShownYet extends Error {}

/** A role that was given a moment ago may not show yet. */
const SHOWS_WITHIN_MS = 5 * 60_000;

async function remove({ graph }: Deps, grant: AccessGrantRow, signal: AbortSignal): Promise<void> {
  if (grant.kind === 'group') {
    await removeMember(graph, grant.target_id, grant.guest_id, signal);
    return;
  }
  const held = (await rolesOf(graph, grant.guest_id, signal)).filter((role) => isOf(role, grant));
  if (held.length === 0 && Date.now() - grant.since.getTime() < SHOWS_WITHIN_MS) {
    throw new NotShownYet();
  }
  for (const { id } of held) await removeAppRole(graph, grant.target_id, id, signal);
}

function isOf({ resourceId, appRoleId }: AppRoleOfUser, { target_id, role_id }: AccessGrantRow): boolean {
  return resourceId.toLowerCase() === target_id && appRoleId.toLowerCase() === role_id.toLowerCase();
}

/** The roles of a guest; none for an account that is gone. */
async function rolesOf(graph: Deps['graph'], guestId: string, signal: AbortSignal): Promise<AppRoleOfUser[]> {
  return (await unlessMissing(() => findRolesOfUser(graph, guestId, signal))) ?? [];
}

type Account = {
  guestId: string;
  ended: readonly AccessGrantRow[];
  /** Grants that stay. */
  others: readonly AccessGrantRow[];
  signal: AbortSignal;
};

/** Deletes the account where the run made it and nothing speaks against it; says what does. */
async function accountAfter(
  deps: Deps,
  requestId: string,
  { guestId, ended, others, signal }: Account,
): Promise<Undone['guest']> {
  const { graph } = deps;
  const steps = await findSteps(deps.store.db, requestId);
  if (!steps.some(({ key, detail }) => key === 'invitation' && detail.guest?.created)) return null;
  if (others.length > 0) return 'otherAccess';
  if (!(await mayDeleteGuests(graph, signal))) return 'notPermitted';
  const user = await unlessMissing(() => getUser(graph, guestId, signal));
  if (!user) return 'deleted';
  const account = accountOf([user]);
  if (!account || !('guest' in account)) return 'refused';
  if (account.guest.accepted) return 'accepted';
  const access = await otherAccess(deps, guestId, { ended, signal });
  if (access) return access;
  try {
    await deleteUser(graph, guestId, signal);
    return 'deleted';
  } catch (error) {
    if (error instanceof GraphFault && error.kind === 'forbidden') return 'notPermitted';
    if (error instanceof GraphFault && isLasting(error)) return 'refused';
    throw error;
  }
}

/** Whether an account has anything of the policy besides what was taken back; the directory may still show that for a while. */
async function otherAccess(
  { graph, policy }: Deps,
  guestId: string,
  { ended, signal }: { ended: readonly AccessGrantRow[]; signal: AbortSignal },
): Promise<'otherAccess' | 'notLookedAt' | null> {
  const { groups, apps } = policy.current().policy.document;
  const removed = new Set(ended.map(({ target_id }) => target_id.toLowerCase()));
  const groupIds = Object.values(groups).map(({ id }) => id.toLowerCase());
  const others = groupIds.filter((id) => !removed.has(id));
  if ((await checkMemberGroups(graph, guestId, others, signal)).size > 0) return 'otherAccess';
  const appIds = new Set(
    Object.values(apps).flatMap(({ servicePrincipalId }) => servicePrincipalId?.toLowerCase() ?? []),
  );
  if (appIds.size === 0) return null;
  if (!(await graph.isPermitted('assignRoles', signal))) return 'notLookedAt';
  const held = (await rolesOf(graph, guestId, signal)).filter(
    (role) => appIds.has(role.resourceId.toLowerCase()) && !ended.some((grant) => isOf(role, grant)),
  );
  return held.length > 0 ? 'otherAccess' : null;
}

async function end(
  deps: Deps,
  { request, owner }: Lease,
  { ended, ...undone }: Back & Undone,
): Promise<void> {
  const { id, guest_id: guestId, run_id: run } = request;
  const takenBack = undone.kept.length === 0 && (ended.length > 0 || undone.guest === 'deleted');
  const state = takenBack && request.state !== 'lapsed' ? 'revoked' : request.state;
  assertTransition(request.state, state);
  await deps.store.db.transaction().execute(async (trx) => {
    const turn = { state, problem: request.problem, dueInSeconds: null, guestId };
    if (!(await endTurn(trx, id, owner, turn))) return;
    await endGrants(
      trx,
      ended.map((grant) => grant.id),
      'undo',
    );
    if (undone.guest === 'deleted' && guestId !== null) await endAccessOfGone(trx, guestId);
    await recordUndone(trx, id, undone);
    const { removed, kept, guest } = undone;
    const detail = { run, guestId, removed: removed.length, kept: kept.length, guest };
    if (takenBack)
      await insertAuditEvent(trx, { requestId: id, actor: 'portal', action: 'request.revoked', detail });
  });
}

async function tryAgain(
  deps: Deps,
  { request, owner }: Lease,
  error: unknown,
  attempts: number,
): Promise<void> {
  const { db } = deps.store;
  const problem = problemOf(error);
  const { id, state, guest_id: guestId } = request;
  const dueInSeconds = retrySeconds(deps.limits.backoffSeconds, attempts, error);
  deps.log.warn({ requestId: id, problem: problem.code, attempts }, 'a row could not be undone yet');
  if (error instanceof GraphFault && error.kind === 'throttled') await insertPause(db, 'graph', dueInSeconds);
  const givenUp = attempts >= MOST_ATTEMPTS;
  await db.transaction().execute(async (trx) => {
    const turn = { state, problem: request.problem, dueInSeconds: givenUp ? null : dueInSeconds, guestId };
    if (!(await endTurn(trx, id, owner, turn))) return;
    await recordUndone(trx, id, { removed: [], kept: [], guest: givenUp ? 'notLookedAt' : null, attempts });
  });
}
