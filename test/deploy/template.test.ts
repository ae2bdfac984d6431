import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { idOf, text, type Deployment, type JsonObject, type Resource } from './arm.js';
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

const whereItIs = existsSync(VALIDATOR) ? it : it.skip;

async function expectNothingFound(...files: string[]): Promise<void> {
  const { stdout } = await promisify(execFile)(process.execPath, [VALIDATOR, ...files]);
  expect(stdout).toMatch(/: \d+ resources, nothing found\n$/);
}

describe('the templates', () => {
  whereItIs.each(TEMPLATES)('%s fits Microsoft’s schemas', (...files) =>
    expectNothingFound(...files.filter((file) => typeof file === 'string')),
  );

  // The schema tells the two resources apart by their names, and takes an expression for either.
  whereItIs('nestedtemplates/publishing.json fits them too, with the names written out', async () => {
    const { $schema, contentVersion } = readJson('nestedtemplates/publishing.json') as JsonObject;
    const { resources } = linked(aDeployment(), 'partner-portal-publishing');
    const folder = await mkdtemp(join(tmpdir(), 'template-'));
    try {
      const file = join(folder, 'publishing.json');
      await writeFile(file, JSON.stringify({ $schema, contentVersion, resources }));
      await expectNothingFound(file);
    } finally {
      await rm(folder, { recursive: true });
    }
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
      linked(aDeployment(), 'partner-portal-publishing'),
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
    expect(addressesLetIn({})).toEqual(['192.0.2.1', '192.0.2.2'].map((address) => [address, address]));
    expect(addressesLetIn({ databaseFirewall: 'possible' })).toEqual(
      ['192.0.2.1', '192.0.2.2', '198.51.100.3'].map((address) => [address, address]),
    );
  });

  const addressesLetIn = (given: JsonObject) =>
    linked(aDeployment(given), 'partner-portal-database-access')
      .resources.filter(({ type }) => type === `${SERVER}/firewallRules`)
      .map(({ properties }) => [properties.startIpAddress, properties.endIpAddress]);

  // Otherwise it belongs to a role of Azure: github.com/hashicorp/terraform-provider-azurerm/issues/27895
  it('makes the database when the site’s identity is there to own it', () => {
    const access = linked(deployment, 'partner-portal-database-access');
    const database = before(access.resources, idOf(one(access, `${SERVER}/databases`)));
    expect([...database]).toContain(idOf(one(access, `${SERVER}/administrators`)));
  });

  const siteIn = (of: Deployment) => one(linked(of, 'partner-portal-site-settings'), 'Microsoft.Web/sites');

  it('begins with a site that is the same but for what makes it the portal', () => {
    const { comments, condition, dependsOn, ...bare } = one(deployment, 'Microsoft.Web/sites');
    const { appSettings, appCommandLine, healthCheckPath, ...siteConfig } = siteIn(deployment).properties
      .siteConfig as JsonObject;
    expect([comments, condition, dependsOn, appSettings, appCommandLine]).not.toContain(undefined);
    expect(healthCheckPath).toBe('/readyz');
    expect({ ...siteIn(deployment), properties: { ...siteIn(deployment).properties, siteConfig } }).toEqual(
      bare,
    );
    expect(bare.properties).toMatchObject({
      httpsOnly: true,
      clientAffinityEnabled: false,
      siteConfig: { ftpsState: 'Disabled', minTlsVersion: '1.2', alwaysOn: true },
    });
  });

  it('never takes its settings from a site that runs', () => {
    const again = aDeployment({ deployment: 'again' });
    expect(again.resources.map(({ type }) => type)).not.toContain('Microsoft.Web/sites');
    expect(siteIn(again)).toEqual(siteIn(deployment));
  });

  it('lets basic authentication in for fetching from a repository, and for nothing else', () => {
    const allowed = (given: JsonObject) =>
      linked(aDeployment(given), 'partner-portal-publishing').resources.map(({ name, properties }) => [
        name.split('/')[1],
        properties.allow,
      ]);
    expect(allowed({})).toEqual([
      ['ftp', false],
      ['scm', true],
    ]);
    for (const given of [
      { repositoryUrl: '' },
      { packageUrl: 'https://contoso.blob.core.windows.net/p.zip' },
    ]) {
      expect(allowed(given)).toEqual([
        ['ftp', false],
        ['scm', false],
      ]);
    }
    const code = idOf(one(deployment, 'Microsoft.Web/sites/sourcecontrols'));
    expect([...before(deployment.resources, code)]).toContain(
      idOf(one(deployment, 'Microsoft.Resources/deployments', 'partner-portal-publishing')),
    );
  });

  it('starts what the build makes', () => {
    const { siteConfig } = siteIn(deployment).properties as { siteConfig: JsonObject };
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

  // Application Insights takes 30, 60, 90, 120 … days by itself, and any number from its workspace.
  it('keeps logs for any number of days', () => {
    const { resources } = aDeployment({ logDays: 45 });
    const named = resources.flatMap(({ type, properties }) =>
      Object.entries(properties).flatMap(([key, value]) =>
        /^retentionInDays$/i.test(key) ? [[type, value]] : [],
      ),
    );
    expect(named).toEqual([['Microsoft.OperationalInsights/workspaces', 45]]);
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
