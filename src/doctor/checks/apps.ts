import { findServicePrincipals, roleObstacle } from '../../graph/apps.js';
import { finding, type CheckUp } from '../finding.js';

/** Every app role that the policy assigns directly: app and role exist and take people. */
export const examineApps: CheckUp = async function examineApps({ policy, graph }, signal) {
  if (!policy) return [];
  const direct = Object.entries(policy.current().policy.document.apps).flatMap(([key, app]) => {
    const { name, servicePrincipalId: id, appRoleId } = app;
    return id === undefined || appRoleId === undefined ? [] : [{ key, name, id, appRoleId }];
  });
  if (direct.length === 0) return [finding('apps', 'throughGroups')];
  const apps = await findServicePrincipals(
    graph,
    direct.map(({ id }) => id),
    signal,
  );
  const found = direct.flatMap(({ key, name, id, appRoleId }) => {
    const app = apps.get(id);
    const obstacle = app ? roleObstacle(graph, app, appRoleId) : 'missing';
    return obstacle === null ? [] : [finding('apps', obstacle, { name, key, id, role: appRoleId })];
  });
  return found.length > 0 ? found : [finding('apps', 'assignable', { count: direct.length })];
};
