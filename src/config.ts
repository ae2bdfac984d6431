import { resolve } from 'node:path';
import { z } from 'zod';
import { databaseSignIn, signInFault } from './databaseSettings.js';
import type { ManagedIdentity } from './entra/managedIdentity.js';

/** Where tokens for Microsoft Graph come from. */
export type GraphCredential =
  { kind: 'managedIdentity' } | { kind: 'clientSecret'; clientId: string; clientSecret: string };

export type Config = Readonly<{
  production: boolean;
  port: number;
  /** Origin of every link that leaves the portal, without a trailing slash. Never taken from a request. */
  baseUrl: string;
  /** PostgreSQL when set, else the embedded store in `dataDir`. */
  databaseUrl: string | null;
  /** Where the password for it comes from: the URL, or tokens of the managed identity. */
  databaseSignIn: 'url' | 'managedIdentity';
  /** Of the machine, where it has one. */
  managedIdentity: ManagedIdentity | null;
  dataDir: string;
  policyFile: string;
  tenantId: string;
  graphCredential: GraphCredential;
  /** The app registration through which people sign in; also where Graph uses a managed identity. */
  signIn: { clientId: string; clientSecret: string };
  authorityUrl: string;
  graphUrl: string;
  /** Newest first; older ones still verify what they signed. */
  secrets: [string, ...string[]];
  mail: { url: string; from: string } | null;
  /** Number of proxies in front whose X-Forwarded-For entries are believed. */
  trustProxy: number;
  logLevel: string;
  /** Who may read `/metrics` sends it as a bearer token; without one there is no such page. */
  metricsToken: string | null;
  /** Where traces and figures are sent to: the connection string of Application Insights. */
  applicationInsights: string | null;
  /** After how many days a finished request loses its personal data; null for never. */
  retentionDays: number | null;
}>;

/** Thrown by {@link loadConfig}; its message has one line a faulty setting. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  constructor(readonly faults: string[]) {
    super(`The portal cannot start with these settings:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}

const guid = z.guid('must be a GUID');
const wholeNumber = (message: string, max: number) =>
  z.coerce.number(message).int(message).min(0, message).max(max, message);
/** Paths are added to it, so it must not bring one of its own. */
const origin = (scheme: 'https' | 'https?', message: string) =>
  z.string().regex(new RegExp(`^${scheme}://[^/?#@\\s]+/?$`, 'i'), message);
const httpsOrigin = origin('https', 'must be an https:// URL without a path');

const settings = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'], 'must be development, test or production')
    .default('development'),
  PORT: wholeNumber('must be a port number', 65_535).default(3000),
  BASE_URL: origin('https?', 'must be an http:// or https:// URL without a path').optional(),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, message: 'must be a postgres:// or postgresql:// URL' })
    .optional(),
  DATA_DIR: z.string().default('.data'),
  POLICY_FILE: z.string().default('policies/partners.json'),
  TENANT_ID: guid,
  CLIENT_ID: guid,
  CLIENT_SECRET: z.string(),
  ENTRA_AUTHORITY: httpsOrigin.default('https://login.microsoftonline.com'),
  GRAPH_BASE_URL: httpsOrigin.default('https://graph.microsoft.com'),
  SESSION_SECRET: z.string().optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/, message: 'must be an smtp:// or smtps:// URL' }).optional(),
  MAIL_FROM: z
    .string()
    .regex(/^[^<>\r\n]*<?[^\s@<>]+@[^\s@<>]+>?$/, 'must be an address, or a name and an <address>')
    .optional(),
  TRUST_PROXY: wholeNumber('must be a number of proxies, 0 to 10', 10).default(0),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'must be a pino log level')
    .default('info'),
  METRICS_TOKEN: z.string().min(16, 'needs at least 16 characters').optional(),
  APPLICATIONINSIGHTS_CONNECTION_STRING: z
    .string()
    .regex(
      /^(?=.*\bInstrumentationKey=[0-9a-f-]{36}\b)(\w+=[^;]*;?)+$/i,
      'must be a connection string of Application Insights',
    )
    .optional(),
  RETENTION_DAYS: wholeNumber('must be a number of days, or 0 to keep everything', 36_500).default(365),
  // Set by Azure App Service where a managed identity is on; operators do not set them.
  IDENTITY_ENDPOINT: z.string().optional(),
  IDENTITY_HEADER: z.string().optional(),
});

type Settings = z.infer<typeof settings>;
type Given = Partial<Record<string, string>>;
type Fault = { name: string; message: string };

// App Service hands the reference itself over where it could not follow it, and anybody can guess that one:
// learn.microsoft.com/azure/app-service/app-service-key-vault-references
const KEY_VAULT = '@Microsoft.KeyVault(';
const UNRESOLVED =
  'is a Key Vault reference that App Service could not follow: see that the secret is there and that the site’s identity may read it, then restart the site';

/** What one setting says by itself; the first fault of each, and never its value, which may be a secret. */
function ownFaults(given: Given, schema: z.ZodObject = settings): Fault[] {
  const faults = new Map<string, Fault>();
  for (const [name, value = ''] of Object.entries(given)) {
    if (name in schema.shape && value.startsWith(KEY_VAULT)) faults.set(name, { name, message: UNRESOLVED });
  }
  for (const { path, message } of schema.safeParse(given).error?.issues ?? []) {
    const name = path.join('.');
    if (faults.has(name)) continue;
    faults.set(name, { name, message: given[name] === undefined ? 'is required' : message });
  }
  return [...faults.values()];
}

/** Rules that take more than one setting to judge. */
function crossFaults(given: Given): Fault[] {
  const production = given.NODE_ENV === 'production';
  const secrets = splitSecrets(given.SESSION_SECRET);
  const faults: Fault[] = [];
  const fault = (name: string, message: string) => faults.push({ name, message });
  if (production && !given.BASE_URL) fault('BASE_URL', 'is required in production');
  if (production && given.BASE_URL && !/^https:/i.test(given.BASE_URL)) {
    fault('BASE_URL', 'must be https:// in production');
  }
  if (production && secrets.length === 0) fault('SESSION_SECRET', 'is required in production');
  if (production && secrets.includes(DEVELOPMENT_SECRET)) {
    fault('SESSION_SECRET', 'must not be the one for development, which everybody can read');
  }
  if (secrets.some((secret) => secret.length < 32)) {
    fault('SESSION_SECRET', 'each secret needs at least 32 characters');
  }
  const signIn = signInFault(given);
  if (signIn !== null) fault('DATABASE_URL', signIn);
  if (given.SMTP_URL && !given.MAIL_FROM) fault('MAIL_FROM', 'is required when SMTP_URL is set');
  return faults;
}

function splitSecrets(value = ''): string[] {
  return value
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '');
}

/** Outside production a fixed secret keeps forms valid over restarts; it protects nothing. */
export const DEVELOPMENT_SECRET = 'development-only-secret-0123456789abcdef';

/**
 * Reads the settings. The only place that looks at the environment.
 *
 * @param environment usually `process.env`; a blank value counts as not set
 * @throws {ConfigError} that names every faulty setting
 */
export function loadConfig(environment: Record<string, string | undefined>): Config {
  const given = givenIn(environment);
  const own = ownFaults(given);
  const cross = crossFaults(given).filter(({ name }) => !own.some((fault) => fault.name === name));
  const faults = [...own, ...cross];
  if (faults.length > 0) throw new ConfigError(faults.map(({ name, message }) => `${name}: ${message}`));
  return toConfig(settings.parse(given));
}

/** Where the store is, for commands that need nothing else. @throws {ConfigError} */
export function loadStoreConfig(
  environment: Record<string, string | undefined>,
): Pick<Config, 'databaseUrl' | 'databaseSignIn' | 'managedIdentity' | 'dataDir'> {
  const given = givenIn(environment);
  const schema = settings.pick({ DATABASE_URL: true, DATA_DIR: true });
  const own = ownFaults(given, schema);
  const faults = own.length > 0 ? own : crossFaults(given).filter(({ name }) => name === 'DATABASE_URL');
  if (faults.length > 0) throw new ConfigError(faults.map(({ name, message }) => `${name}: ${message}`));
  const env = schema.parse(given);
  return {
    databaseUrl: env.DATABASE_URL ?? null,
    databaseSignIn: databaseSignIn(given),
    managedIdentity: managedIdentity(given),
    dataDir: resolve(env.DATA_DIR),
  };
}

function givenIn(environment: Record<string, string | undefined>): Given {
  return Object.fromEntries(
    Object.entries(environment)
      .map(([name, value = '']) => [name, value.trim()] as const)
      .filter(([, value]) => value !== ''),
  );
}

function toConfig(env: Settings): Config {
  const [newest = DEVELOPMENT_SECRET, ...older] = splitSecrets(env.SESSION_SECRET);
  const signIn = { clientId: env.CLIENT_ID, clientSecret: env.CLIENT_SECRET };
  return {
    production: env.NODE_ENV === 'production',
    port: env.PORT,
    baseUrl: withoutSlash(env.BASE_URL ?? `http://localhost:${env.PORT}`),
    databaseUrl: env.DATABASE_URL ?? null,
    databaseSignIn: databaseSignIn(env),
    managedIdentity: managedIdentity(env),
    dataDir: resolve(env.DATA_DIR),
    policyFile: resolve(env.POLICY_FILE),
    tenantId: env.TENANT_ID.toLowerCase(),
    graphCredential: env.IDENTITY_ENDPOINT
      ? { kind: 'managedIdentity' }
      : { kind: 'clientSecret', ...signIn },
    signIn,
    authorityUrl: withoutSlash(env.ENTRA_AUTHORITY),
    graphUrl: withoutSlash(env.GRAPH_BASE_URL),
    secrets: [newest, ...older],
    mail: env.SMTP_URL ? { url: env.SMTP_URL, from: env.MAIL_FROM ?? '' } : null,
    trustProxy: env.TRUST_PROXY,
    logLevel: env.LOG_LEVEL,
    metricsToken: env.METRICS_TOKEN ?? null,
    applicationInsights: env.APPLICATIONINSIGHTS_CONNECTION_STRING ?? null,
    retentionDays: env.RETENTION_DAYS === 0 ? null : env.RETENTION_DAYS,
  };
}

function managedIdentity({
  IDENTITY_ENDPOINT: endpoint,
  IDENTITY_HEADER: header = '',
}: Partial<Settings>): ManagedIdentity | null {
  return endpoint ? { endpoint, header } : null;
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
