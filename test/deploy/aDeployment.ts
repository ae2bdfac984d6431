import { readFileSync } from 'node:fs';
import {
  deploy,
  GROUP,
  text,
  type Azure,
  type Deployment,
  type Json,
  type JsonObject,
  type Resource,
  type Template,
} from './arm.js';

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
}

export const template = readJson('azuredeploy.json') as Template;
const parametersFile = readJson('azuredeploy.parameters.json') as {
  parameters: Record<string, { value: Json }>;
};
/** The values of azuredeploy.parameters.json. */
export const placeholders = Object.fromEntries(
  Object.entries(parametersFile.parameters).map(([name, { value }]) => [name, value]),
);

export const SITE = 'portal-of-contoso';
export const PRINCIPAL = '99999999-0000-4000-8000-000000000001';
const TEMPLATE_URI = 'https://raw.githubusercontent.com/contoso/partner-sign-up-portal/main/azuredeploy.json';
/** How the secrets of the vault are called in tests: by what they are for. */
export const secretNamed = (name: string) => `the-value-of-${name}-which-is-long-enough-for-each`;

const azure: Azure = {
  templateUri: TEMPLATE_URI,
  cloud: { name: 'AzureCloud', loginEndpoint: 'https://login.microsoftonline.com/' },
  tenantId: '88888888-0000-4000-8000-000000000001',
  location: 'westeurope',
  reference(id, full) {
    const properties = PROPERTIES.find(([type]) => id.startsWith(`${GROUP}/providers/${type}/`))?.[1];
    if (!properties) throw new Error(`Nothing is known of ${id}`);
    return full ? { identity: { principalId: PRINCIPAL }, properties } : properties;
  },
};

const PROPERTIES: [type: string, properties: JsonObject][] = [
  [
    'Microsoft.Web/sites',
    {
      defaultHostName: `${SITE}.azurewebsites.net`,
      outboundIpAddresses: '192.0.2.1,192.0.2.2',
      possibleOutboundIpAddresses: '192.0.2.1,192.0.2.2,198.51.100.3',
    },
  ],
  [
    'Microsoft.DBforPostgreSQL/flexibleServers',
    { fullyQualifiedDomainName: 'db-of-contoso.postgres.database.azure.com' },
  ],
  [
    'Microsoft.Insights/components',
    {
      ConnectionString:
        'InstrumentationKey=77777777-0000-4000-8000-000000000001;IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/',
    },
  ],
];

/** The template with the placeholder values, and others in the place of some. */
export function aDeployment(given: JsonObject = {}, where: Partial<Azure> = {}): Deployment {
  return deploy(template, { ...placeholders, siteName: SITE, ...given }, { ...azure, ...where });
}

/** A template that ours links, with the parameters that ours gives it. */
export function linked(of: Deployment, name: string, where: Partial<Azure> = {}): Deployment {
  const { templateLink, parameters } = one(of, 'Microsoft.Resources/deployments', name).properties as {
    templateLink: { uri: string };
    parameters: Record<string, { value: Json }>;
  };
  const { pathname } = new URL(templateLink.uri);
  const path = pathname.slice(pathname.indexOf('/nestedtemplates/') + 1);
  const given = Object.fromEntries(Object.entries(parameters).map(([key, { value }]) => [key, value]));
  return deploy(readJson(path) as Template, given, { ...azure, ...where });
}

/** The one resource of a type, and of a name where there are several. */
export function one({ resources }: Deployment, type: string, name?: string): Resource {
  const found = resources.filter(
    (resource) => resource.type === type && (name === undefined || resource.name === name),
  );
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} of ${type} ${name ?? ''}`);
  return found[0];
}

/** The settings that the site gets, references to the vault and all. */
export function settingsOf(given: JsonObject = {}, where: Partial<Azure> = {}): Record<string, string> {
  const site = one(
    linked(aDeployment(given, where), 'partner-portal-site-settings', where),
    'Microsoft.Web/sites',
  );
  const { appSettings } = site.properties.siteConfig as { appSettings: { name: string; value: string }[] };
  return Object.fromEntries(appSettings.map(({ name, value }) => [name, value]));
}

/** The environment that App Service makes of the settings: secrets in the place of references, and an identity. */
export function environmentOf(given: JsonObject = {}, where: Partial<Azure> = {}): Record<string, string> {
  const { vaultName } = aDeployment(given, where).outputs;
  const reference = new RegExp(
    `^@Microsoft\\.KeyVault\\(VaultName=${text(vaultName)};SecretName=([\\w-]+)\\)$`,
  );
  const settings = Object.entries(settingsOf(given, where)).map(([name, value]) => {
    const secret = reference.exec(value)?.[1];
    if (secret === 'smtp-url') return [name, 'smtps://user:password@mail.contoso.com:465'];
    return [name, secret === undefined ? value : secretNamed(secret)];
  });
  return {
    ...(Object.fromEntries(settings) as Record<string, string>),
    PORT: '8080',
    IDENTITY_ENDPOINT: 'http://169.254.130.2:8081/msi/token',
    IDENTITY_HEADER: '66666666-0000-4000-8000-000000000001',
  };
}
