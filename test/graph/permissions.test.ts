import { permissionsIn } from '../../src/graph/permissions.js';

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
