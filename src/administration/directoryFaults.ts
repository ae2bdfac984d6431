import { concurrently } from '../concurrently.js';
import type { Deps } from '../deps.js';
import { forbiddenApp, getServicePrincipal } from '../graph/apps.js';
import { GraphFault, unlessMissing } from '../graph/graphFault.js';
import { getGroup, groupObstacle } from '../graph/groups.js';
import { groupsWithPortalRoles, leadsToPortalRole } from '../graph/portalRoles.js';
import { childPath } from '../policy/jsonWalk.js';
import { locateFaults } from '../policy/locateFaults.js';
import { reason, type FaultReason, type PolicyFault } from '../policy/policyFault.js';
import type { PolicyDocument } from '../policy/schema.js';
import type { LoadedPolicy } from '../policyFile/policyReading.js';

/** What the directory says about the ids of a policy; `unchecked` are the paths of those that it could not be asked about. */
export type DirectoryFindings = { faults: PolicyFault[]; unchecked: string[] };

/** The look-up of one id: what is wrong with it, or null. */
type Check = { path: string; run: (signal: AbortSignal) => Promise<FaultReason | null> };

const CHECKS_AT_ONCE = 8;
/** A page waits for this. Ids that are not checked by then count as unchecked. */
const LONGEST_MS = 10_000;

/**
 * Looks up the groups and apps that the policy in force does not name yet, and which groups carry roles of the portal. An admin
 * of the policy must not hand out power that they do not have, so some are refused: groups that carry directory roles or roles of
 * the portal, or fill themselves, Microsoft Graph, and the portal.
 * Provisioning checks them again when it puts a guest into them.
 */
export async function findDirectoryFaults(
  deps: Pick<Deps, 'graph' | 'policy'>,
  { policy: { document }, text }: LoadedPolicy,
): Promise<DirectoryFindings> {
  const findings: DirectoryFindings = { faults: [], unchecked: [] };
  const signal = AbortSignal.timeout(LONGEST_MS);
  const checks = checksOf(deps, deps.policy.current().policy.document, document);
  await concurrently(checks, CHECKS_AT_ONCE, async ({ path, run }) => {
    try {
      const found = await run(signal);
      if (found) findings.faults.push({ path, ...found });
    } catch (error) {
      if (!(error instanceof GraphFault)) throw error;
      findings.unchecked.push(path);
    }
  });
  return { ...findings, faults: await locateFaults(text, findings.faults) };
}

function checksOf({ graph }: Pick<Deps, 'graph'>, before: PolicyDocument, after: PolicyDocument): Check[] {
  const oldGroups = new Set(Object.values(before.groups).map(({ id }) => id));
  const oldApps = new Set(Object.values(before.apps).map(({ servicePrincipalId }) => servicePrincipalId));
  // One call tells it of all groups; a group that was good when it was entered may have got a role since.
  let read: Promise<Set<string> | null> | undefined;
  const carriers = (signal: AbortSignal) => (read ??= groupsWithPortalRoles(graph, signal));
  const groups = Object.entries(after.groups).map(([key, { id }]): Check => ({
    path: `${childPath('groups', key)}.id`,
    run: async (signal) =>
      (oldGroups.has(id) ? null : await groupFault(graph, id, signal)) ??
      (await portalRoleFault(graph, id, await carriers(signal), signal)),
  }));
  const apps = Object.entries(after.apps).flatMap(([key, { servicePrincipalId: id }]): Check[] => {
    if (id === undefined || oldApps.has(id)) return [];
    const path = `${childPath('apps', key)}.servicePrincipalId`;
    return [{ path, run: (signal) => appFault(graph, id, signal) }];
  });
  return [...groups, ...apps];
}

async function groupFault(graph: Deps['graph'], id: string, signal: AbortSignal) {
  const group = await unlessMissing(() => getGroup(graph, id, signal));
  if (!group) return reason('directory.noGroup');
  const obstacle = groupObstacle(group);
  return obstacle && reason(`directory.${obstacle}`);
}

async function portalRoleFault(
  graph: Deps['graph'],
  id: string,
  carriers: ReadonlySet<string> | null,
  signal: AbortSignal,
) {
  const leads = carriers && (await unlessMissing(() => leadsToPortalRole(graph, id, carriers, signal)));
  return leads ? reason('directory.portalRole') : null;
}

async function appFault(graph: Deps['graph'], id: string, signal: AbortSignal) {
  const app = await unlessMissing(() => getServicePrincipal(graph, id, signal));
  if (!app) return reason('directory.noApp');
  const forbidden = forbiddenApp(graph, app);
  return forbidden && reason(`directory.${forbidden}`);
}
