import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { idOf, text, type JsonObject, type Resource } from './arm.js';
import {
  aDeployment,
  linked,
  one,
  placeholders,
  PRINCIPAL,
  readJson,
  SITE,
  template,
} from './aDeployment.js';

const VALIDATOR = '../shared/arm/validate.mjs';
const TEMPLATES = [
  ['azuredeploy.json', 'azuredeploy.parameters.json'],
  ['nestedtemplates/databaseAccess.json'],
  ['nestedtemplates/siteSettings.json'],
];

const SERVER = 'Microsoft.DBforPostgreSQL/flexibleServers';

describe('the templates', () => {
  (existsSync(VALIDATOR) ? it : it.skip).each(TEMPLATES)('%s fits Microsoft’s schemas', async (...files) => {
    const { stdout } = await promisify(execFile)(process.execPath, [VALIDATOR, ...files.filter(Boolean)]);
    expect(stdout).toMatch(/: \d+ resources, nothing found\n$/);
  });

  it('ask for six parameters at most, and say of each what it is', () => {
    const asked = Object.entries(template.parameters).filter(
      ([, { defaultValue }]) => defaultValue === undefined,
    );
    expect(asked.map(([name]) => name)).toEqual(['clientId', 'clientSecret', 'deployment']);
    for (const [name, { metadata }] of Object.entries(template.parameters)) {
      expect([name, metadata.description.length > 15]).toEqual([name, true]);
    }
  });

  it('take secrets as secure parameters, and give none away', () => {
    const secure = Object.entries(template.parameters).filter(([, { type }]) => type === 'securestring');
    expect(secure.map(([name]) => name).sort()).toEqual([
      '_artifactsLocationSasToken',
      'clientSecret',
      'metricsToken',
      'packageUrl',
      'sessionSecret',
      'smtpUrl',
    ]);
    expect(JSON.stringify(aDeployment().outputs)).not.toContain(placeholders.clientSecret);
  });

  it('know every resource that another one waits for', () => {
    for (const deployment of [
      aDeployment({ autoscale: true }),
      linked(aDeployment(), 'partner-portal-database-access'),
    ]) {
      const known = new Set(deployment.ids);
      for (const resource of deployment.resources) {
        for (const id of (resource.dependsOn ?? []) as string[]) expect([...known]).toContain(id);
      }
    }
  });
});

/** Everything that has to be there before this resource is begun. */
function before(resources: Resource[], id: string): Set<string> {
  const found = new Set<string>();
  const visit = (next: string) => {
    const resource = resources.find((one) => idOf(one) === next);
    for (const needed of (resource?.dependsOn ?? []) as string[]) {
      if (!found.has(needed)) visit(needed);
      found.add(needed);
    }
  };
  visit(id);
  return found;
}

describe('a deployment', () => {
  const deployment = aDeployment();

  it('gives the portal its settings when vault and database let it in, and its code after that', () => {
    const settings = idOf(one(deployment, 'Microsoft.Resources/deployments', 'partner-portal-site-settings'));
    const first = before(deployment.resources, settings);
    expect([...first]).toContain(idOf(one(deployment, 'Microsoft.Authorization/roleAssignments')));
    expect([...first]).toContain(
      idOf(one(deployment, 'Microsoft.Resources/deployments', 'partner-portal-database-access')),
    );
    for (const secret of ['session-secret', 'client-secret', 'metrics-token']) {
      expect([...first].some((id) => id.endsWith(`/secrets/${secret}`))).toBe(true);
    }
    const code = idOf(one(deployment, 'Microsoft.Web/sites/sourcecontrols'));
    expect([...before(deployment.resources, code)]).toContain(settings);
  });

  it('lets the site read the secrets of the vault and nothing more', () => {
    const { properties, scope } = one(deployment, 'Microsoft.Authorization/roleAssignments');
    expect(scope).toBe(idOf(one(deployment, 'Microsoft.KeyVault/vaults')));
    expect(properties).toMatchObject({ principalId: PRINCIPAL, principalType: 'ServicePrincipal' });
    // Key Vault Secrets User: learn.microsoft.com/azure/role-based-access-control/built-in-roles/security
    expect(properties.roleDefinitionId).toMatch(/\/4633458b-17de-408a-b874-0445c86b69e6$/);
    expect(one(deployment, 'Microsoft.KeyVault/vaults').properties).toMatchObject({
      enableRbacAuthorization: true,
      enablePurgeProtection: true,
      enableSoftDelete: true,
    });
  });

  it('has no password of the database, and lets the site’s identity in from the site’s addresses alone', () => {
    expect(one(deployment, SERVER).properties.authConfig).toMatchObject({
      activeDirectoryAuth: 'Enabled',
      passwordAuth: 'Disabled',
    });
    const access = linked(deployment, 'partner-portal-database-access');
    const admin = one(access, `${SERVER}/administrators`);
    expect(admin.name).toMatch(new RegExp(`/${PRINCIPAL}$`));
    expect(admin.properties).toMatchObject({ principalName: SITE, principalType: 'ServicePrincipal' });
    const rules = access.resources.filter(({ type }) => type === `${SERVER}/firewallRules`);
    expect(rules.map(({ name, properties }) => [name.split('/')[1], properties])).toEqual(
      ['192.0.2.1', '192.0.2.2', '198.51.100.3'].map((address, i) => [
        `site-${i + 1}`,
        { startIpAddress: address, endIpAddress: address },
      ]),
    );
  });

  it('describes the site alike with and without its settings, so that neither undoes the other', () => {
    const bare = one(deployment, 'Microsoft.Web/sites');
    const set = one(linked(deployment, 'partner-portal-site-settings'), 'Microsoft.Web/sites');
    const { appSettings, ...siteConfig } = set.properties.siteConfig as JsonObject;
    const { comments, dependsOn, ...site } = bare;
    expect({ comments, dependsOn, appSettings }).toEqual({
      comments: expect.any(String) as string,
      dependsOn: expect.any(Array) as string[],
      appSettings: expect.any(Array) as JsonObject[],
    });
    expect({ ...set, properties: { ...set.properties, siteConfig } }).toEqual(site);
    expect(bare.properties).toMatchObject({
      httpsOnly: true,
      clientAffinityEnabled: false,
      siteConfig: { ftpsState: 'Disabled', minTlsVersion: '1.2', alwaysOn: true, healthCheckPath: '/readyz' },
    });
  });

  it('starts what the build makes', () => {
    const { siteConfig } = one(deployment, 'Microsoft.Web/sites').properties as { siteConfig: JsonObject };
    const scripts = [...text(siteConfig.appCommandLine).matchAll(/dist\/(\S+)\.js/g)].map(([, path]) => path);
    expect(scripts).toEqual(['cli/policy', 'server']);
    for (const script of scripts) expect(existsSync(`src/${String(script)}.ts`)).toBe(true);
    expect((readJson('package.json') as { scripts: JsonObject }).scripts.build).toContain('tsc');
  });

  const secretsOf = (given: JsonObject) =>
    aDeployment(given)
      .resources.filter(({ type }) => type === 'Microsoft.KeyVault/vaults/secrets')
      .map(({ name }) => name.split('/')[1]);

  it('writes the secrets once: again leaves them, and the repository, as they are', () => {
    expect(secretsOf({})).toEqual(['session-secret', 'client-secret', 'metrics-token']);
    expect(secretsOf({ deployment: 'again' })).toEqual([]);
    expect(secretsOf({ deployment: 'again', smtpUrl: 'smtps://mail.contoso.com' })).toEqual(['smtp-url']);
    const types = aDeployment({ deployment: 'again' }).resources.map(({ type }) => type);
    expect(types).not.toContain('Microsoft.Web/sites/sourcecontrols');
  });

  it('makes another session secret each time, of 72 characters', () => {
    const secret = () => text(aDeployment().evaluate("[parameters('sessionSecret')]"));
    expect(secret()).toHaveLength(72);
    expect(secret()).not.toBe(secret());
  });

  it('fetches the code from where the template comes from, or runs a package in its place', () => {
    const repositoryOf = (given: JsonObject) =>
      aDeployment(given).resources.find(({ type }) => type === 'Microsoft.Web/sites/sourcecontrols')
        ?.properties;
    const uri = 'https://raw.githubusercontent.com/fabrikam/a-fork/main/azuredeploy.json';
    expect(
      aDeployment({ _artifactsLocation: uri }).evaluate(
        template.parameters.repositoryUrl?.defaultValue ?? null,
      ),
    ).toBe('https://github.com/fabrikam/a-fork');
    expect(repositoryOf({})).toMatchObject({
      repoUrl: placeholders.repositoryUrl,
      branch: 'main',
      isManualIntegration: true,
    });
    expect(repositoryOf({ packageUrl: 'https://contoso.blob.core.windows.net/portal.zip' })).toBeUndefined();
    expect(repositoryOf({ repositoryUrl: '' })).toBeUndefined();
  });

  it('adds machines only when told to', () => {
    const scaling = (given: JsonObject) =>
      aDeployment(given).resources.filter(({ type }) => type === 'Microsoft.Insights/autoscalesettings');
    expect(scaling({})).toEqual([]);
    expect(scaling({ autoscale: true, instances: 2, mostInstances: 5 })[0]?.properties).toMatchObject({
      profiles: [{ capacity: { minimum: '2', maximum: '5', default: '2' } }],
    });
  });

  it('keeps no log of the paths that people ask for', () => {
    const settings = deployment.resources.filter(
      ({ type }) => type === 'Microsoft.Insights/diagnosticSettings',
    );
    expect(settings).toHaveLength(3);
    expect(JSON.stringify(settings)).toContain('AppServiceConsoleLogs');
    expect(JSON.stringify(settings)).not.toContain('HTTPLogs');
  });
});
