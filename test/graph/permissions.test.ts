import { readFile } from 'node:fs/promises';
import {
  DOCTOR_PERMISSIONS,
  permissionFor,
  PERMISSIONS,
  permissionsIn,
} from '../../src/graph/permissions.js';
import { signUpUntil } from '../support/journey.js';
import { startPortal } from '../support/portal.js';

const tokenOf = (payload: unknown) =>
  `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.signature`;

test('the permissions of a token are its roles', () => {
  expect(permissionsIn(tokenOf({ roles: ['User.Invite.All', 'User.Read.All'] }))).toEqual([
    'User.Invite.All',
    'User.Read.All',
  ]);
});

test.each([
  ['without roles', tokenOf({ aud: 'https://graph.microsoft.com' })],
  ['whose roles are no list', tokenOf({ roles: 'User.Invite.All' })],
  ['whose roles are no words', tokenOf({ roles: [1, null, {}] })],
  ['that is null inside', tokenOf(null)],
  ['that is opaque', 'abcdef'],
  ['that is empty', ''],
])('a token %s has none', (_name, token) => {
  expect(permissionsIn(token)).toEqual([]);
});

test.each([
  ['DELETE', '/users/1', 'User.DeleteRestore.All'],
  ['DELETE', '/groups/1/members/2/$ref', 'GroupMember.ReadWrite.All'],
  ['DELETE', '/servicePrincipals/1/appRoleAssignedTo/2', 'AppRoleAssignment.ReadWrite.All'],
  ['POST', '/users/1/checkMemberGroups', 'User.Read.All'],
])('%s %s takes %s', (method, path, name) => {
  expect(permissionFor(method, path)?.name).toBe(name);
});

// A permission more is a change of this list first, and of docs/registration.md.
const ALWAYS = ['User.Invite.All', 'GroupMember.ReadWrite.All', 'User.Read.All'];
const TO_UNDO = ['User.DeleteRestore.All'];
const FOR_APP_ROLES = ['AppRoleAssignment.ReadWrite.All', 'Application.Read.All'];

test('13.2.2 the Graph permissions that are asked for equal the committed list, and docs/registration.md names them', async () => {
  const named = (when: string) => PERMISSIONS.filter((one) => one.when === when).map(({ name }) => name);
  expect(named('always')).toEqual(ALWAYS);
  expect(named('appRoles')).toEqual(FOR_APP_ROLES);
  expect(named('undo')).toEqual(TO_UNDO);
  const guide = await readFile('docs/registration.md', 'utf8');
  for (const name of [...ALWAYS, ...FOR_APP_ROLES, ...TO_UNDO, ...DOCTOR_PERMISSIONS])
    expect(guide).toContain(`\`${name}\``);
});

test('13.2.2 with the least of them and nothing else a sign-up ends with a guest', async () => {
  const portal = await startPortal();
  await portal.tenant.settings({ permissions: ALWAYS });
  await signUpUntil(portal, 'provisioned', 'least@fabrikam.com');
  const refused = (await portal.tenant.graphCalls()).filter(({ status }) => status === 403);
  expect(refused).toEqual([]);
  await portal.close();
});
