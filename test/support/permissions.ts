import { PERMISSIONS } from '../../src/graph/permissions.js';

/** What a portal needs that assigns app roles, and no more. */
export const LEAST_PERMISSIONS = PERMISSIONS.filter(
  ({ when }) => when === 'always' || when === 'appRoles',
).map(({ name }) => name);
