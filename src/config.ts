import { resolve } from 'node:path';
import { z } from 'zod';

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
  dataDir: string;
  policyFile: string;
  tenantId: string;
  graphCredential: GraphCredential;
  authorityUrl: string;
  graphUrl: string;
  /** Newest first; older ones still verify what they signed. */
  secrets: [string, ...string[]];
  mail: { url: string; from: string } | null;
  /** Number of proxies in front whose X-Forwarded-For entries are believed. */
  trustProxy: number;
  logLevel: string;
}>;

/** Thrown by {@link loadConfig}; its message has one line a faulty setting. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  constructor(readonly faults: string[]) {
    super(`The portal cannot start with these settings:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
}

const guid = z.guid('must be a GUID');
const httpsUrl = z.url({ protocol: /^https$/, message: 'must be an https:// URL' });
const webUrl = z.url({ protocol: /^https?$/, message: 'must be an http:// or https:// URL' });

const settings = z.object({
  NODE_ENV: z.string().default('development'),
  PORT: z.coerce.number('must be a port number').int().min(0).max(65_535).default(3000),
  BASE_URL: webUrl.optional(),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, message: 'must be a postgres:// or postgresql:// URL' })
    .optional(),
  DATA_DIR: z.string().default('.data'),
  POLICY_FILE: z.string().default('policies/partners.json'),
  TENANT_ID: guid,
  CLIENT_ID: guid.optional(),
  CLIENT_SECRET: z.string().optional(),
  ENTRA_AUTHORITY: httpsUrl.default('https://login.microsoftonline.com'),
  GRAPH_BASE_URL: httpsUrl.default('https://graph.microsoft.com'),
  SESSION_SECRET: z.string().optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/, message: 'must be an smtp:// or smtps:// URL' }).optional(),
  MAIL_FROM: z.string().optional(),
  TRUST_PROXY: z.coerce.number('must be a number of proxies').int().min(0).max(10).default(0),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'must be a pino log level')
    .default('info'),
  // Set by Azure App Service where a managed identity is on; operators do not set it.
  IDENTITY_ENDPOINT: z.string().optional(),
});

type Settings = z.infer<typeof settings>;

/** Rules that take more than one setting to judge. */
function crossFaults(env: Settings): string[] {
  const production = env.NODE_ENV === 'production';
  const secrets = splitSecrets(env.SESSION_SECRET);
  const faults: string[] = [];
  if (production && !env.BASE_URL) faults.push('BASE_URL: is required in production');
  if (production && env.BASE_URL && !env.BASE_URL.startsWith('https:')) {
    faults.push('BASE_URL: must be https:// in production');
  }
  if (production && secrets.length === 0) faults.push('SESSION_SECRET: is required in production');
  if (secrets.some((secret) => secret.length < 32)) {
    faults.push('SESSION_SECRET: each secret needs at least 32 characters');
  }
  if (!env.IDENTITY_ENDPOINT && !env.CLIENT_SECRET) {
    faults.push('CLIENT_SECRET: is required where there is no managed identity');
  }
  if (!env.IDENTITY_ENDPOINT && !env.CLIENT_ID) {
    faults.push('CLIENT_ID: is required where there is no managed identity');
  }
  if (env.SMTP_URL && !env.MAIL_FROM) faults.push('MAIL_FROM: is required when SMTP_URL is set');
  return faults;
}

function splitSecrets(value = ''): string[] {
  return value
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '');
}

/** Outside production a fixed secret keeps forms valid over restarts; it protects nothing. */
const DEVELOPMENT_SECRET = 'development-only-secret-0123456789abcdef';

/**
 * Reads the settings. The only place that looks at the environment.
 *
 * @param environment usually `process.env`; an empty value counts as not set
 * @throws {ConfigError} that names every faulty setting
 */
export function loadConfig(environment: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = settings.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map(({ path, message }) => {
        const name = path.join('.');
        return `${name}: ${given[name] === undefined ? 'is required' : message}`;
      }),
    );
  }
  const env = parsed.data;
  const faults = crossFaults(env);
  if (faults.length > 0) throw new ConfigError(faults);
  return toConfig(env);
}

function toConfig(env: Settings): Config {
  const [newest = DEVELOPMENT_SECRET, ...older] = splitSecrets(env.SESSION_SECRET);
  return {
    production: env.NODE_ENV === 'production',
    port: env.PORT,
    baseUrl: withoutSlash(env.BASE_URL ?? `http://localhost:${env.PORT}`),
    databaseUrl: env.DATABASE_URL ?? null,
    dataDir: resolve(env.DATA_DIR),
    policyFile: resolve(env.POLICY_FILE),
    tenantId: env.TENANT_ID.toLowerCase(),
    graphCredential: env.IDENTITY_ENDPOINT
      ? { kind: 'managedIdentity' }
      : { kind: 'clientSecret', clientId: env.CLIENT_ID ?? '', clientSecret: env.CLIENT_SECRET ?? '' },
    authorityUrl: withoutSlash(env.ENTRA_AUTHORITY),
    graphUrl: withoutSlash(env.GRAPH_BASE_URL),
    secrets: [newest, ...older],
    mail: env.SMTP_URL ? { url: env.SMTP_URL, from: env.MAIL_FROM ?? '' } : null,
    trustProxy: env.TRUST_PROXY,
    logLevel: env.LOG_LEVEL,
  };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
