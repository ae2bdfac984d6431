import type { Deps } from '../../deps.js';
import { assignAppRole, forbiddenApp, getServicePrincipal, isNotReplicatedYet } from '../../graph/apps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { addMember, getGroup, groupObstacle } from '../../graph/groups.js';
import { leadsToPortalRole, recentGroupsWithPortalRoles } from '../../graph/portalRoles.js';
import type { Grants } from '../../policy/grants.js';
import type { Guest } from '../../store/schema.js';
import { problemOf } from '../problems.js';
import { idsNamedIn, refusalCode } from './refusals.js';
import { StepStop, StepWait, type Step, type StepContext, type StepResult } from './step.js';

/** Adds the guest to one group. The group is read first, unless it was fit a moment ago; a later attempt reads it in any case. */
export const addToGroup =
  (target: Grants['groups'][number]): Step =>
  async (context) => {
    const { deps, step, signal } = context;
    const guest = requireGuest(context);
    const check = () => checkGroup(deps, target, signal);
    await deps.passedChecks.unlessPassed(`group ${target.id}`, check, step.attempts > 1);
    const grant = () => addMember(deps.graph, target.id, guest.id, signal);
    return granted(context, await refusalsRead('group', target, grant));
  };

/** @throws {StepStop} for a group that no guest must join */
async function checkGroup({ graph }: Deps, { id, name }: Grants['groups'][number], signal: AbortSignal) {
  const obstacle = groupObstacle(await existing('group', () => getGroup(graph, id, signal)));
  if (obstacle) throw new StepStop({ code: 'groupUnusable', detail: `${name}: ${obstacle}` });
  const carriers = await recentGroupsWithPortalRoles(graph);
  if (carriers && (await leadsToPortalRole(graph, id, carriers, signal))) {
    throw new StepStop({ code: 'groupUnusable', detail: `${name}: portalRole` });
  }
}

/** Assigns one app role to the guest. The app is read first, like a group. */
export const assignRole =
  (target: Grants['appRoles'][number]): Step =>
  async (context) => {
    const { deps, step, signal } = context;
    const guest = requireGuest(context);
    const id = target.servicePrincipalId;
    const check = () => checkApp(deps, target, signal);
    await deps.passedChecks.unlessPassed(`app ${id}`, check, step.attempts > 1);
    const grant = () => assignAppRole(deps.graph, target, guest.id, signal);
    return granted(context, await refusalsRead('app', { id, name: target.name }, grant));
  };

/** @throws {StepStop} for an app on which no guest must have a role */
async function checkApp(
  { graph }: Deps,
  { servicePrincipalId: id, name }: Grants['appRoles'][number],
  signal: AbortSignal,
) {
  const app = await existing('app', () => getServicePrincipal(graph, id, signal));
  const forbidden = forbiddenApp(graph, app);
  if (forbidden) throw new StepStop({ code: 'appUnusable', detail: `${name}: ${forbidden}` });
}

type Granted = { added: boolean; requestId: string | null };

/** What was there on a later attempt may have come from an earlier one, whose answer was lost. */
function granted({ step }: StepContext, { added, requestId }: Granted): StepResult {
  const there = step.attempts > 1 ? 'unknown' : 'found';
  return { detail: { grant: added ? 'created' : there }, graphRequestId: requestId };
}

/** Reads what a refusal of a grant means. */
async function refusalsRead(
  kind: 'group' | 'app',
  target: { id: string; name: string },
  grant: () => Promise<Granted>,
): Promise<Granted> {
  try {
    return await grant();
  } catch (error) {
    if (!(error instanceof GraphFault)) throw error;
    const { detail = '' } = problemOf(error);
    const code = refusalCode(kind, error);
    if (code) throw new StepStop({ code, detail: `${target.name}: ${detail}` }, error.requestId);
    if (error.kind === 'notFound' && idsNamedIn(error).includes(target.id.toLowerCase()))
      throw gone(kind, error);
    const replicating = error.kind === 'notFound' || (kind === 'app' && isNotReplicatedYet(error));
    throw replicating ? new StepWait({ code: 'replicating', detail }, error.requestId) : error;
  }
}

function gone(kind: 'group' | 'app', fault: GraphFault): StepStop {
  const code = kind === 'group' ? 'groupMissing' : 'appMissing';
  return new StepStop({ code, detail: problemOf(fault).detail ?? '' }, fault.requestId);
}

/** The groups and apps of the policy are old: if one is missing, waiting does not help. */
async function existing<T>(kind: 'group' | 'app', get: () => Promise<T>): Promise<T> {
  try {
    return await get();
  } catch (error) {
    if (error instanceof GraphFault && error.kind === 'notFound') {
      throw gone(kind, error);
    }
    throw error;
  }
}

function requireGuest({ guest }: StepContext): Guest {
  if (!guest) throw new Error('The step has no guest');
  return guest;
}
