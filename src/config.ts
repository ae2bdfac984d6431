import { resolve } from 'node:path';
import type { z } from 'zod';
import {
  databaseSignIn,
  DEVELOPMENT_SECRET,
  faultsIn,
  givenIn,
  settings,
  splitSecrets,
  storeSettings,
  type Settings,
  type StoreSettings,
} from './settings.js';

/** Where tokens for Microsoft Graph come from. */
export type GraphCredential =
  { kind: 'managedIdentity' } | { kind: 'clientSecret'; clientId: string; clientSecret: string };

/** Where a machine's managed identity gives its tokens, and the header that shows that the caller is on this machine. */
export type ManagedIdentity = { endpoint: string; header: string };

export type Config = Readonly<{
  production: boolean;
  port: number;
  /** Origin of every link that leaves the portal, without a trailing slash. Never taken from a request. */
  baseUrl: string;
  /** PostgreSQL when set, else the embedded store in `dataDir`. */
  databaseUrl: string | null;
  /** How to sign in: with the password in the URL, or with tokens of the managed identity. */
  databaseSignIn: 'url' | 'managedIdentity';
  /** The machine's managed identity; null without one. */
  managedIdentity: ManagedIdentity | null;
  dataDir: string;
  policyFile: string;
  tenantId: string;
  graphCredential: GraphCredential;
  /** The app registration through which people sign in, even if Graph uses a managed identity. */
  signIn: { clientId: string; clientSecret: string };
  authorityUrl: string;
  graphUrl: string;
  /** Newest first; older ones still verify what they signed. */
  secrets: [string, ...string[]];
  mail: { url: string; from: string } | null;
  /** Number of proxies in front whose X-Forwarded-For entries are believed. */
  trustProxy: number;
  logLevel: string;
  /** The bearer token of `/metrics`; without one there is no such page. */
  metricsToken: string | null;
  /** The connection string of Application Insights, which gets traces and figures. */
  applicationInsights: string | null;
  /** After how many days a finished request loses its personal data; null for never. */
  retentionDays: number | null;
  /** The pace of runs: rows at once, rows a minute, mails a minute. */
  bulk: { width: number; perMinute: number; mailsPerMinute: number };
  /** What a monthly active guest beyond the free ones, and a governed guest, cost a month. */
  licencePrices: { activePrice: number; governancePrice: number; currency: string };
}>;

/** Thrown by {@link loadConfig}; its message has one line for each faulty setting. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  constructor(readonly faults: string[]) {
    super(`The portal can't start with these settings:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}

/** Where the store is, and how to sign in. */
type StorePlace = Pick<Config, 'databaseUrl' | 'databaseSignIn' | 'managedIdentity' | 'dataDir'>;

type Environment = Record<string, string | undefined>;

/**
 * Reads the settings. The only place that looks at the environment.
 *
 * @param environment usually `process.env`; a blank value counts as not set
 * @throws {ConfigError} that names every faulty setting
 */
export function loadConfig(environment: Environment): Config {
  return toConfig(read(environment, settings));
}

/** Where the store is, for commands that need nothing else. @throws {ConfigError} */
export function loadStoreConfig(environment: Environment): StorePlace {
  return toStoreConfig(read(environment, storeSettings));
}

function read<Schema extends z.ZodObject>(environment: Environment, schema: Schema): z.infer<Schema> {
  const given = givenIn(environment);
  const faults = faultsIn(given, schema);
  if (faults.length > 0) throw new ConfigError(faults.map(({ name, message }) => `${name}: ${message}`));
  return schema.parse(given);
}

function toConfig(env: Settings): Config {
  const [newest = DEVELOPMENT_SECRET, ...older] = splitSecrets(env.SESSION_SECRET);
  const signIn = { clientId: env.CLIENT_ID, clientSecret: env.CLIENT_SECRET };
  return {
    production: env.NODE_ENV === 'production',
    port: env.PORT,
    baseUrl: withoutSlash(env.BASE_URL ?? `http://localhost:${env.PORT}`),
    ...toStoreConfig(env),
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
    bulk: {
      width: env.BULK_WIDTH,
      perMinute: env.BULK_PER_MINUTE,
      mailsPerMinute: env.BULK_MAILS_PER_MINUTE,
    },
    licencePrices: {
      activePrice: env.MAU_PRICE,
      governancePrice: env.GOVERNANCE_PRICE,
      currency: env.LICENCE_CURRENCY,
    },
    retentionDays: env.RETENTION_DAYS === 0 ? null : env.RETENTION_DAYS,
  };
}

function toStoreConfig(env: StoreSettings): StorePlace {
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header = '' } = env;
  return {
    databaseUrl: env.DATABASE_URL ?? null,
    databaseSignIn: databaseSignIn(env),
    managedIdentity: endpoint ? { endpoint, header } : null,
    dataDir: resolve(env.DATA_DIR),
  };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
