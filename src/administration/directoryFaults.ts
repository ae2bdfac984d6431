import type { Deps } from '../deps.js';
import { forbiddenApp, getServicePrincipal } from '../graph/apps.js';
import { GraphFault } from '../graph/graphFault.js';
import { getGroup, groupObstacle } from '../graph/groups.js';
import { childPath } from '../policy/jsonWalk.js';
import { locateFaults } from '../policy/locateFaults.js';
import type { PolicyFault } from '../policy/policyFault.js';
import type { LoadedPolicy } from '../policyFile/policyReading.js';

/** What the directory says about the ids of a policy; `unchecked` are the paths of those that it could not be asked about. */
export type DirectoryFindings = { faults: PolicyFault[]; unchecked: string[] };

type Check = { path: string; run(signal: AbortSignal): Promise<string | null> };

const AT_ONCE = 8;
/** A page waits for this; what is not checked by then counts as unchecked. */
const LIMITS_MS = 10_000;

/**
 * Looks up the groups and apps that the policy in force does not name yet. Whoever may edit the policy must not hand out what
 * they have no power over: groups that carry directory roles, that fill themselves, Microsoft Graph and the portal itself are
 * refused.
 * They are looked at again when a guest is put into them.
 */
export async function directoryFaults(
  deps: Pick<Deps, 'graph' | 'policy'>,
  { policy: { document }, text }: LoadedPolicy,
): Promise<DirectoryFindings> {
  const before = deps.policy.current().policy.document;
  const knownGroups = new Set(Object.values(before.groups).map(({ id }) => id));
  const knownApps = new Set(Object.values(before.apps).map(({ servicePrincipalId }) => servicePrincipalId));
  const checks: Check[] = [
    ...Object.entries(document.groups)
      .filter(([, { id }]) => !knownGroups.has(id))
      .map(([key, { id }]) => ({
        path: `${childPath('groups', key)}.id`,
        run: (signal: AbortSignal) => groupFault(deps, id, signal),
      })),
    ...Object.entries(document.apps).flatMap(([key, { servicePrincipalId: id }]) =>
      id === undefined || knownApps.has(id)
        ? []
        : [
            {
              path: `${childPath('apps', key)}.servicePrincipalId`,
              run: (signal: AbortSignal) => appFault(deps, id, signal),
            },
          ],
    ),
  ];
  const { faults, unchecked } = await runAll(checks);
  return { faults: await locateFaults(text, faults), unchecked };
}

async function runAll(checks: Check[]): Promise<DirectoryFindings> {
  const signal = AbortSignal.timeout(LIMITS_MS);
  const findings: DirectoryFindings = { faults: [], unchecked: [] };
  const waiting = [...checks];
  const work = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      try {
        const message = signal.aborted ? undefined : await check.run(signal);
        if (message === undefined) findings.unchecked.push(check.path);
        else if (message !== null) findings.faults.push({ path: check.path, message });
      } catch (error) {
        if (!(error instanceof GraphFault)) throw error;
        findings.unchecked.push(check.path);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return findings;
}

const OBSTACLES: Record<string, string> = {
  roleAssignable:
    'is a group that directory roles can be assigned to: its members could become administrators',
  dynamic: 'is a group whose members follow from a rule: nobody can be added',
  onPremises: 'is a group that is managed on premises: nobody can be added here',
  mailEnabled: 'is a distribution list or a mail-enabled group: Microsoft Graph cannot add anybody',
};

const FORBIDDEN = {
  microsoftGraph: 'is Microsoft Graph itself: a role on it is power over the whole directory',
  portalItself: 'is this portal itself: a role on it would make guests its admins',
};

async function groupFault({ graph }: Pick<Deps, 'graph'>, id: string, signal: AbortSignal) {
  const group = await existing(() => getGroup(graph, id, signal));
  if (!group) return 'there is no group with this id in the directory';
  const obstacle = groupObstacle(group);
  return obstacle && (OBSTACLES[obstacle] ?? obstacle);
}

async function appFault({ graph }: Pick<Deps, 'graph'>, id: string, signal: AbortSignal) {
  const app = await existing(() => getServicePrincipal(graph, id, signal));
  if (!app) return 'there is no enterprise application with this object id in the directory';
  const forbidden = forbiddenApp(graph, app);
  return forbidden && FORBIDDEN[forbidden];
}

async function existing<T>(get: () => Promise<T>): Promise<T | null> {
  try {
    return await get();
  } catch (error) {
    if (error instanceof GraphFault && error.kind === 'notFound') return null;
    throw error;
  }
}
