import { DOCTOR_PERMISSIONS, PERMISSIONS, type Permission } from '../../graph/permissions.js';
import { saysTiers } from '../../policy/tiers.js';
import { finding, type CheckUp, type TenantPatient } from '../finding.js';

/** User.ReadWrite.All is no wider than needed where the narrower permission is not offered yet. */
const WISHED = new Set(['User.ReadWrite.All']);

/** Compares the granted permissions with those that the portal needs. */
export const examinePermissions: CheckUp<TenantPatient> = function examinePermissions({
  permissions,
  policy,
}) {
  const apps = Object.values(policy?.current().policy.document.apps ?? {});
  const assignsRoles = apps.some(({ appRoleId }) => appRoleId !== undefined);
  const needed = PERMISSIONS.filter(({ when }) => when === 'always' || (when === 'appRoles' && assignsRoles));
  const has = ({ name, coveredBy }: Permission) => [name, ...coveredBy].some((one) => permissions.has(one));
  const listed = new Set([...PERMISSIONS.map(({ name }) => name), ...DOCTOR_PERMISSIONS]);
  const found = [
    ...needed
      .filter((permission) => !has(permission))
      .map(({ name, purpose }) => finding('permissions', 'missing', { permission: name, purpose })),
    ...[...permissions]
      .filter((name) => !listed.has(name) && !WISHED.has(name))
      .map((permission) => finding('permissions', 'wider', { permission })),
  ];
  const reports = policy !== null && saysTiers(policy.current().policy.document);
  const wished = PERMISSIONS.filter(({ when }) => when === 'wish' || (when === 'licences' && reports));
  for (const permission of wished) {
    if (!has(permission))
      found.push(
        finding('permissions', 'wish', { permission: permission.name, purpose: permission.purpose }),
      );
  }
  const assigning = 'AppRoleAssignment.ReadWrite.All';
  if (policy && !assignsRoles && permissions.has(assigning)) {
    found.push(finding('permissions', 'notNeeded', { permission: assigning }));
  }
  return Promise.resolve(
    found.some(({ code }) => code !== 'wish')
      ? found
      : [finding('permissions', 'asNeeded', { count: permissions.size }), ...found],
  );
};
