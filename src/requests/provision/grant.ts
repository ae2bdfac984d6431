import { assignAppRole, forbiddenApp, getServicePrincipal, isNotReplicatedYet } from '../../graph/apps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { addMember, getGroup, groupObstacle } from '../../graph/groups.js';
import type { Grants } from '../../policy/grants.js';
import type { Guest } from '../../store/schema.js';
import { StepStop, StepWait, type Step, type StepContext } from './step.js';

/** Adds the guest to one group. Each attempt reads the group again: guests may not be allowed to join it any more. */
export const addToGroup =
  (target: Grants['groups'][number]): Step =>
  async (context) => {
    const { deps, signal } = context;
    const group = await existing('group', target.id, () => getGroup(deps.graph, target.id, signal));
    const obstacle = groupObstacle(group);
    if (obstacle) throw new StepStop({ code: 'groupUnusable', detail: `${target.name}: ${obstacle}` });
    const { requestId } = await addMember(deps.graph, target.id, requireGuest(context).id, signal);
    return { graphRequestId: requestId };
  };

/** Assigns one app role to the guest. */
export const assignRole =
  (target: Grants['appRoles'][number]): Step =>
  async (context) => {
    const { deps, signal } = context;
    const app = await existing('app', target.servicePrincipalId, () =>
      getServicePrincipal(deps.graph, target.servicePrincipalId, signal),
    );
    const forbidden = forbiddenApp(deps.graph, app);
    if (forbidden) {
      throw new StepStop({ code: 'appUnusable', detail: `${target.name}: ${forbidden}` });
    }
    try {
      const { requestId } = await assignAppRole(deps.graph, target, requireGuest(context).id, signal);
      return { graphRequestId: requestId };
    } catch (error) {
      if (error instanceof GraphFault && isNotReplicatedYet(error)) throw new StepWait(error.message);
      throw error;
    }
  };

/** The groups and apps of the policy are old: if one is missing, waiting does not help. */
async function existing<T>(kind: 'group' | 'app', id: string, get: () => Promise<T>): Promise<T> {
  try {
    return await get();
  } catch (error) {
    if (error instanceof GraphFault && error.kind === 'notFound') {
      throw new StepStop({ code: kind === 'group' ? 'groupMissing' : 'appMissing', detail: id });
    }
    throw error;
  }
}

function requireGuest({ guest }: StepContext): Guest {
  if (!guest) throw new Error('The step has no guest');
  return guest;
}
