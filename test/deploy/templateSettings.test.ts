import { readFileSync } from 'node:fs';
import { loadConfig } from '../../src/config.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { text } from './arm.js';
import { aDeployment, environmentOf, secretNamed, settingsOf, SITE } from './aDeployment.js';

/** Settings that App Service and its build read: learn.microsoft.com/azure/app-service/reference-app-settings, Oryx’s nodejs.md. */
const OF_APP_SERVICE = [
  'CUSTOM_BUILD_COMMAND',
  'SCM_DO_BUILD_DURING_DEPLOYMENT',
  'WEBSITES_CONTAINER_STOP_TIME_LIMIT',
  'WEBSITE_ENABLE_SYNC_UPDATE_SITE',
  'WEBSITE_HEALTHCHECK_MAXPINGFAILURES',
  'WEBSITE_RUN_FROM_PACKAGE',
];

describe('the settings of a deployment', () => {
  it('make a portal in production that signs in everywhere as the site', () => {
    const config = loadConfig(environmentOf());
    expect(config).toMatchObject({
      production: true,
      port: 8080,
      baseUrl: `https://${SITE}.azurewebsites.net`,
      databaseUrl: `postgres://${SITE}@db-of-contoso.postgres.database.azure.com:5432/portal?sslmode=verify-full`,
      databaseSignIn: 'managedIdentity',
      graphCredential: { kind: 'managedIdentity' },
      tenantId: '88888888-0000-4000-8000-000000000001',
      signIn: {
        clientId: '00000000-0000-0000-0000-000000000000',
        clientSecret: secretNamed('client-secret'),
      },
      secrets: [secretNamed('session-secret')],
      metricsToken: secretNamed('metrics-token'),
      authorityUrl: 'https://login.microsoftonline.com',
      graphUrl: 'https://graph.microsoft.com',
      policyFile: '/home/policy/partners.json',
      mail: null,
      trustProxy: 1,
      logLevel: 'info',
      retentionDays: 365,
    });
    expect(config.applicationInsights).toMatch(/^InstrumentationKey=/);
  });

  it('follow the parameters', () => {
    const given = {
      publicUrl: 'https://partners.contoso.com/',
      mailFrom: 'Contoso <partners@contoso.com>',
      retentionDays: 0,
      logLevel: 'debug',
    };
    expect(loadConfig(environmentOf(given))).toMatchObject({
      baseUrl: 'https://partners.contoso.com',
      mail: { url: 'smtps://user:password@mail.contoso.com:465', from: 'Contoso <partners@contoso.com>' },
      retentionDays: null,
      logLevel: 'debug',
    });
    const packaged = settingsOf({ packageUrl: 'https://contoso.blob.core.windows.net/portal.zip' });
    expect(packaged.WEBSITE_RUN_FROM_PACKAGE).toBe('https://contoso.blob.core.windows.net/portal.zip');
    expect(packaged.SCM_DO_BUILD_DURING_DEPLOYMENT).toBe('false');
    expect(settingsOf()).toMatchObject({
      WEBSITE_RUN_FROM_PACKAGE: '0',
      SCM_DO_BUILD_DURING_DEPLOYMENT: 'true',
    });
  });

  it('reach the national clouds', () => {
    const cloud = { name: 'AzureUSGovernment', loginEndpoint: 'https://login.microsoftonline.us/' };
    expect(loadConfig(environmentOf({}, { cloud }))).toMatchObject({
      authorityUrl: 'https://login.microsoftonline.us',
      graphUrl: 'https://graph.microsoft.us',
    });
  });

  it('hold no secret, only where the vault has it', () => {
    const secrets = Object.entries(settingsOf({ mailFrom: 'partners@contoso.com' }))
      .filter(([, value]) => value.startsWith('@Microsoft.KeyVault('))
      .map(([name]) => name);
    expect(secrets.sort()).toEqual(['CLIENT_SECRET', 'METRICS_TOKEN', 'SESSION_SECRET', 'SMTP_URL']);
  });

  it('stop the start where App Service could not follow a reference, which anybody could guess', () => {
    const environment = { ...environmentOf(), SESSION_SECRET: settingsOf().SESSION_SECRET };
    expect(() => loadConfig(environment)).toThrow(/\n {2}SESSION_SECRET: is a Key Vault reference [^\n]*$/);
  });

  it('are all known, to the portal or to App Service', () => {
    const example = readFileSync('.env.example', 'utf8');
    const known = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name);
    const unknown = Object.keys(settingsOf()).filter(
      (name) => !known.includes(name) && !OF_APP_SERVICE.includes(name),
    );
    expect(unknown).toEqual([]);
  });

  it('are all that the portal knows but for those that Azure gives or that have no place there', () => {
    const example = readFileSync('.env.example', 'utf8');
    const known = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name);
    const set = Object.keys(settingsOf());
    expect(known.filter((name) => name !== undefined && !set.includes(name)).sort()).toEqual([
      'BULK_MAILS_PER_MINUTE',
      'BULK_PER_MINUTE',
      'BULK_WIDTH',
      'DATA_DIR',
      'GOVERNANCE_PRICE',
      'LICENCE_CURRENCY',
      'MAU_PRICE',
      'PORT',
    ]);
  });
});

describe('the addresses that a deployment puts out', () => {
  const { siteUrl, redirectUri, frontPage } = aDeployment({
    publicUrl: 'https://partners.contoso.com/',
  }).outputs;
  let portal: TestPortal;

  beforeAll(async () => {
    const SESSION_SECRET = secretNamed('session-secret');
    portal = await startPortal({ env: { BASE_URL: text(siteUrl), TRUST_PROXY: '1', SESSION_SECRET } });
  });
  afterAll(() => portal.close());

  it('are those that the portal sends people back to', async () => {
    const behindProxy = portal.visitor({ 'X-Forwarded-Proto': 'https' });
    const { headers } = await behindProxy.get('/sign-in');
    expect(new URL(headers.location ?? '').searchParams.get('redirect_uri')).toBe(redirectUri);
    const { pathname, origin } = new URL(text(frontPage));
    expect(origin).toBe(siteUrl);
    expect((await behindProxy.get(pathname)).status).toBe(200);
  });
});
