import { readFile } from 'node:fs/promises';
import { ConfigError, loadConfig } from '../src/config.js';
import { DEVELOPMENT_SECRET } from '../src/settings.js';

const GUID = '8a1f5c4e-6f0b-4d8e-9a53-0f2c7d9b1e10';
const SECRET = '0123456789abcdef0123456789abcdef';
const REQUIRED = { TENANT_ID: GUID, CLIENT_ID: GUID, CLIENT_SECRET: 'client-secret' };
const PRODUCTION = {
  ...REQUIRED,
  NODE_ENV: 'production',
  BASE_URL: 'https://partners.contoso.com',
  SESSION_SECRET: SECRET,
};

function faultsOf(environment: Record<string, string | undefined>): string[] {
  try {
    loadConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults;
  }
}

test('the required settings alone give a portal on this machine with an embedded store', () => {
  expect(loadConfig(REQUIRED)).toMatchObject({
    production: false,
    port: 3000,
    baseUrl: 'http://localhost:3000',
    databaseUrl: null,
    authorityUrl: 'https://login.microsoftonline.com',
    graphUrl: 'https://graph.microsoft.com',
    mail: null,
    trustProxy: 0,
    logLevel: 'info',
    databaseSignIn: 'url',
    metricsToken: null,
    applicationInsights: null,
    retentionDays: 365,
  });
});

test.each([
  ['BASE_URL', 'partners.contoso.com'],
  ['BASE_URL', 'https://contoso.com/partners'],
  ['BASE_URL', 'https://contoso.com?x=1'],
  ['BASE_URL', 'ftp://contoso.com'],
  ['PORT', '3000x'],
  ['PORT', '80.5'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['NODE_ENV', 'Production'],
  ['DATABASE_URL', 'mysql://localhost/portal'],
  ['TENANT_ID', 'contoso.onmicrosoft.com'],
  ['CLIENT_ID', 'portal'],
  ['ENTRA_AUTHORITY', 'http://login.microsoftonline.com'],
  ['ENTRA_AUTHORITY', `https://login.microsoftonline.com/${GUID}`],
  ['GRAPH_BASE_URL', 'https://graph.microsoft.com/v1.0'],
  ['SESSION_SECRET', 'too short'],
  ['SESSION_SECRET', `${SECRET},too short`],
  ['SMTP_URL', 'mail.contoso.com:25'],
  ['MAIL_FROM', 'Contoso'],
  ['MAIL_FROM', 'a@contoso.com\r\nBcc: b@contoso.com'],
  ['METRICS_TOKEN', 'fifteen-letters'],
  ['METRICS_TOKEN', 'sixteen letters, with blanks'],
  ['CLIENT_SECRET', '@Microsoft.KeyVault(VaultName=v;SecretName=s)'],
  ['CLIENT_SECRET', '@microsoft.keyvault(SecretUri=https://v.vault.azure.net/secrets/s/)'],
  ['SESSION_SECRET', `${SECRET}, @Microsoft.KeyVault(VaultName=v;SecretName=session-secret)`],
  ['APPLICATIONINSIGHTS_CONNECTION_STRING', GUID],
  ['APPLICATIONINSIGHTS_CONNECTION_STRING', `InstrumentationKey=${GUID};EndpointSuffix`],
  ['RETENTION_DAYS', '-1'],
  ['RETENTION_DAYS', 'a year'],
  ['TRUST_PROXY', 'true'],
  ['TRUST_PROXY', '11'],
  ['LOG_LEVEL', 'verbose'],
])('13.3.1 %s may not be %j, and the message does not repeat it', (name, value) => {
  const faults = faultsOf({
    ...REQUIRED,
    SESSION_SECRET: SECRET,
    MAIL_FROM: 'partners@contoso.com',
    [name]: value,
  });
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(new RegExp(`^${name}: `));
  expect(faults[0]).not.toContain(value);
});

test.each([
  ['BASE_URL', 'https://partners.contoso.com/'],
  ['BASE_URL', 'http://[::1]:3000'],
  ['MAIL_FROM', 'partners@contoso.com'],
  ['MAIL_FROM', 'Contoso partner portal <partners@contoso.com>'],
  ['DATABASE_URL', 'postgres://portal:p%40ss@db.contoso.com/portal?sslmode=require'],
  ['SMTP_URL', 'smtps://user:p%40ss@mail.contoso.com:465'],
])('%s may be %j', (name, value) => {
  expect(
    faultsOf({
      ...REQUIRED,
      SESSION_SECRET: SECRET,
      MAIL_FROM: 'partners@contoso.com',
      [name]: value,
    }),
  ).toEqual([]);
});

test('all faults come in one message, each setting once', () => {
  expect(
    faultsOf({ NODE_ENV: 'production', PORT: 'x', BASE_URL: 'x', TENANT_ID: 'x', SMTP_URL: 'smtp://x' }),
  ).toEqual([
    expect.stringMatching(/^PORT: /),
    expect.stringMatching(/^BASE_URL: /),
    expect.stringMatching(/^TENANT_ID: /),
    'CLIENT_ID: is required',
    'CLIENT_SECRET: is required',
    'SESSION_SECRET: is required in production',
    'MAIL_FROM: is required when SMTP_URL is set',
  ]);
});

test('production needs a public https URL and a secret', () => {
  expect(faultsOf(PRODUCTION)).toEqual([]);
  expect(faultsOf({ ...PRODUCTION, BASE_URL: 'http://partners.contoso.com', SESSION_SECRET: '' })).toEqual([
    'BASE_URL: must be https:// in production',
    'SESSION_SECRET: is required in production',
  ]);
});

test('13.3.1 a public address takes a secret of its own, whatever it calls itself', () => {
  const given = { ...REQUIRED, BASE_URL: 'https://partners.contoso.com' };
  expect(faultsOf({ ...given, SESSION_SECRET: SECRET })).toEqual([]);
  expect(faultsOf(given)).toEqual(['SESSION_SECRET: is required where BASE_URL is https://']);
  expect(faultsOf({ ...given, SESSION_SECRET: DEVELOPMENT_SECRET })).toHaveLength(1);
});

test('a managed identity takes the place of the client secret at Graph, and not where people sign in', () => {
  const identity = { IDENTITY_ENDPOINT: 'http://169.254.130.1:8081/msi/token' };
  const signIn = { clientId: GUID, clientSecret: 'client-secret' };
  expect(loadConfig({ ...REQUIRED, ...identity })).toMatchObject({
    graphCredential: { kind: 'managedIdentity' },
    signIn,
  });
  expect(loadConfig(REQUIRED)).toMatchObject({
    graphCredential: { kind: 'clientSecret', ...signIn },
    signIn,
  });
  expect(faultsOf({ TENANT_ID: GUID, ...identity })).toEqual([
    'CLIENT_ID: is required',
    'CLIENT_SECRET: is required',
  ]);
});

test('a blank value counts as not set, and blanks around a value do not matter', () => {
  const config = loadConfig({
    ...REQUIRED,
    PORT: ' ',
    SMTP_URL: '',
    TENANT_ID: ` ${GUID}\n`,
    LOG_LEVEL: ' warn',
  });
  expect(config).toMatchObject({ port: 3000, mail: null, tenantId: GUID, logLevel: 'warn' });
});

test('where a managed identity signs in at the database, its certificate is verified', () => {
  const identity = { ...REQUIRED, IDENTITY_ENDPOINT: 'http://169.254.1.1/msi/token' };
  const at = (url: string) => ({ ...identity, DATABASE_URL: url });
  const remote = 'postgres://portal@db.contoso.com/portal';
  expect(loadConfig(at(`${remote}?sslmode=verify-full`)).databaseSignIn).toBe('managedIdentity');
  expect(loadConfig(at('postgres://portal:p@db.contoso.com/portal')).databaseSignIn).toBe('url');
  expect(loadConfig({ ...REQUIRED, DATABASE_URL: remote }).databaseSignIn).toBe('url');
  expect(loadConfig(at('postgres://portal@localhost/portal')).databaseSignIn).toBe('managedIdentity');
  for (const url of [remote, `${remote}?sslmode=require`, `${remote}?sslmode=no-verify`]) {
    expect(faultsOf(at(url))).toEqual([expect.stringContaining('sslmode=verify-full')]);
  }
});

test('secrets rotate: the newest signs, the older ones still verify', () => {
  const older = SECRET.toUpperCase();
  expect(loadConfig({ ...PRODUCTION, SESSION_SECRET: `${SECRET}, ${older},` }).secrets).toEqual([
    SECRET,
    older,
  ]);
});

test('URLs lose their closing slash', () => {
  const config = loadConfig({ ...PRODUCTION, BASE_URL: 'https://partners.contoso.com/' });
  expect(config.baseUrl).toBe('https://partners.contoso.com');
});

test('.env.example lacks only what nobody but the operator knows', async () => {
  const lines = (await readFile('.env.example', 'utf8')).split('\n');
  const entries = lines.flatMap((line) => {
    const match = /^#?([A-Z_]+)=(.*)$/.exec(line);
    return match ? [[match[1] ?? '', match[2] ?? ''] as const] : [];
  });
  expect(faultsOf(Object.fromEntries(entries)).map((fault) => fault.split(':')[0])).toEqual([
    'TENANT_ID',
    'CLIENT_ID',
    'CLIENT_SECRET',
    'SESSION_SECRET',
  ]);
});
