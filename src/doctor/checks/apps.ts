import { findServicePrincipals, roleObstacle } from '../../graph/apps.js';
import { finding } from '../finding.js';
import type { CheckUp } from '../patient.js';

/** Every app role that the policy assigns directly: its app exists and takes people, the role too. */
export const examineApps: CheckUp = async function examineApps({ policy, graph }, signal) {
  if (!policy) return [];
  const direct = Object.entries(policy.current().policy.document.apps).flatMap(([key, app]) => {
    const { name, servicePrincipalId: id, appRoleId } = app;
    return id === undefined || appRoleId === undefined ? [] : [{ key, name, id, appRoleId }];
  });
  if (direct.length === 0) return [finding('apps', 'throughGroups')];
  const known = await findServicePrincipals(
    graph,
    direct.map(({ id }) => id),
    signal,
  );
  const found = direct.flatMap(({ key, name, id, appRoleId }) => {
    const app = known.get(id);
    const obstacle = app ? roleObstacle(graph, app, appRoleId) : 'missing';
    return obstacle === null ? [] : [finding('apps', obstacle, { name, key, id, role: appRoleId })];
  });
  return found.length > 0 ? found : [finding('apps', 'assignable', { count: direct.length })];
};
