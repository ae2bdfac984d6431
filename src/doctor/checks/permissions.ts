import { DOCTOR_PERMISSIONS, PERMISSIONS, type Permission } from '../../graph/permissions.js';
import { finding, type CheckUp, type TenantPatient } from '../finding.js';

/** Compares the granted permissions with those that the portal needs. */
export const examinePermissions: CheckUp<TenantPatient> = function examinePermissions({
  permissions,
  policy,
}) {
  const apps = Object.values(policy?.current().policy.document.apps ?? {});
  const assignsRoles = apps.some(({ appRoleId }) => appRoleId !== undefined);
  const needed = PERMISSIONS.filter(({ when }) => when === 'always' || assignsRoles);
  const has = ({ name, coveredBy }: Permission) => [name, ...coveredBy].some((one) => permissions.has(one));
  const listed = new Set([...PERMISSIONS.map(({ name }) => name), ...DOCTOR_PERMISSIONS]);
  const found = [
    ...needed
      .filter((permission) => !has(permission))
      .map(({ name, purpose }) => finding('permissions', 'missing', { permission: name, purpose })),
    ...[...permissions]
      .filter((name) => !listed.has(name))
      .map((permission) => finding('permissions', 'wider', { permission })),
  ];
  const assigning = 'AppRoleAssignment.ReadWrite.All';
  if (policy && !assignsRoles && permissions.has(assigning)) {
    found.push(finding('permissions', 'notNeeded', { permission: assigning }));
  }
  return Promise.resolve(
    found.length > 0 ? found : [finding('permissions', 'asNeeded', { count: permissions.size })],
  );
};
