import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { PORTAL_ROLES } from '../../src/access/access.js';
import { DOCTOR_PERMISSIONS, PERMISSIONS } from '../../src/graph/permissions.js';

type Data = {
  appRoles: { value: string }[];
  graphPermissions: Record<'always' | 'appRoles' | 'doctor' | 'undo' | 'licences', string[]>;
};
const data = JSON.parse(readFileSync('deploy/registration.json', 'utf8')) as Data;

const asked = (when: string) => PERMISSIONS.filter((one) => one.when === when).map(({ name }) => name);

test('what the script grants is what the portal asks for', () => {
  expect(data.graphPermissions.always).toEqual(asked('always'));
  expect(data.graphPermissions.appRoles).toEqual(asked('appRoles'));
  expect(data.graphPermissions.undo).toEqual(asked('undo'));
  expect(data.graphPermissions.licences).toEqual(asked('licences'));
  expect(data.graphPermissions.doctor).toEqual([...DOCTOR_PERMISSIONS, 'Application.Read.All']);
});

test('the roles that it makes are those that the portal knows', () => {
  expect(data.appRoles.map(({ value }) => value)).toEqual(PORTAL_ROLES);
});

test('the prose names every permission, role and option', () => {
  const prose = readFileSync('docs/registration.md', 'utf8');
  const usage = readFileSync('deploy/register/options.sh', 'utf8');
  const options = [...usage.matchAll(/^ {2}(--[a-z-]+)/gm)].flatMap(([, option]) => option ?? []);
  expect(options.length).toBeGreaterThan(15);
  const names = [...options, ...PORTAL_ROLES, ...Object.values(data.graphPermissions).flat()];
  expect(names.filter((name) => !prose.includes(name))).toEqual([]);
});

const canCheck = process.env.CI !== undefined || spawnSync('shellcheck', ['--version']).status === 0;
(canCheck ? test : test.skip)('shellcheck finds nothing in the script and its parts', () => {
  const { stdout, status } = spawnSync('shellcheck', ['--check-sourced', 'deploy/register.sh']);
  expect({ found: stdout.toString(), status }).toEqual({ found: '', status: 0 });
});
