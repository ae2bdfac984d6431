import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { loadConfig } from '../../src/config.js';
import { environmentOf, stagesOf } from '../support/dockerfile.js';

type Service = Record<string, unknown> & { environment: Record<string, string>; volumes: string[] };
type Compose = { services: Record<'portal' | 'database', Service>; networks: object; volumes: object };

// By its command, which needs no types.
const compose = JSON.parse(
  execFileSync(process.execPath, ['node_modules/js-yaml/bin/js-yaml.js', 'compose.yaml'], {
    encoding: 'utf8',
  }),
) as Compose;
const { portal, database } = compose.services;
const image = stagesOf(readFileSync('Dockerfile', 'utf8')).at(-1) ?? [];

const PASSWORD = '0123456789abcdef';
/** What Compose makes of `${NAME:?…}` when the file .env has a password. */
const interpolated = (environment: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replace(/\$\{POSTGRES_PASSWORD:\?[^}]+\}/g, PASSWORD),
    ]),
  );

test('the portal starts with .env.example filled in and what compose.yaml sets', () => {
  const env = {
    ...environmentOf(image),
    ...(parseEnv(readFileSync('.env.example', 'utf8')) as Record<string, string>),
    TENANT_ID: '00000000-0000-4000-8000-000000000001',
    CLIENT_ID: '00000000-0000-4000-8000-000000000002',
    CLIENT_SECRET: 'secret',
    SESSION_SECRET: 'x'.repeat(32),
    ...interpolated(portal.environment),
  };
  const config = loadConfig(env);
  expect(config).toMatchObject({
    production: true,
    port: 3000,
    trustProxy: 1,
    databaseSignIn: 'url',
    policyFile: '/policy/partners.json',
  });
  expect(config.databaseUrl).toBe(`postgres://portal:${PASSWORD}@database:5432/portal`);
});

test('the database is the one that the portal asks for, and nobody else reaches it', () => {
  const { POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD } = interpolated(database.environment);
  expect([POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD]).toEqual(['portal', 'portal', PASSWORD]);
  expect(database.image).toMatch(/^postgres:(1[5-9])-/);
  expect(database.ports).toBeUndefined();
  expect(database.networks).toEqual(['inside']);
  expect(compose.networks).toMatchObject({ inside: { internal: true } });
});

test('no password stands in the file, and one that is missing stops the start', () => {
  for (const { environment } of [portal, database]) {
    for (const [name, value] of Object.entries(environment)) {
      if (/PASSWORD|SECRET|URL/.test(name)) expect(value).toMatch(/\$\{POSTGRES_PASSWORD:\?/);
    }
  }
});

test.each([
  ['portal', portal],
  ['database', database],
])('%s: nothing to write to but its volumes, no rights, and time to stop', (_, service) => {
  expect(service).toMatchObject({
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    restart: 'unless-stopped',
  });
  expect(service.cap_add).toBeUndefined();
  expect(service.privileged).toBeUndefined();
  for (const volume of service.volumes) {
    expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
  }
  expect(parseInt(String(service.stop_grace_period))).toBeGreaterThanOrEqual(30);
});

test('the portal is built from the Dockerfile, keeps its policy, and starts after the database', () => {
  expect(portal.build).toBe('.');
  expect(portal.volumes).toEqual(['policy:/policy']);
  expect(environmentOf(image).POLICY_FILE).toBe('/policy/partners.json');
  expect(portal.depends_on).toEqual({ database: { condition: 'service_healthy' } });
  expect(database.healthcheck).toMatchObject({
    test: expect.arrayContaining(['CMD', 'pg_isready']) as string[],
  });
});

test('whoever is not in front of it on the same machine does not reach it without TLS', () => {
  expect(portal.ports).toEqual(['127.0.0.1:3000:3000']);
});
