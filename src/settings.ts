import { z } from 'zod';

// The settings in the environment, and their checks. config.ts turns them into the configuration.

const guid = z.guid('must be a GUID');
const wholeNumber = (message: string, max: number) =>
  z.coerce.number(message).int(message).min(0, message).max(max, message);
const positiveNumber = (message: string, max: number) =>
  z.coerce.number(message).int(message).min(1, message).max(max, message);
const price = z.coerce.number('must be a price').min(0, 'must be a price').max(10_000, 'must be a price');
/** An origin without a path, because paths are added to it. */
const origin = (scheme: 'https' | 'https?', message: string) =>
  z.string().regex(new RegExp(`^${scheme}://[^/?#@\\s]+/?$`, 'i'), message);
const httpsOrigin = origin('https', 'must be an https:// URL without a path');

/** Every setting and its format. */
export const settings = z.object({
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
  METRICS_TOKEN: z
    .string()
    .regex(/^[!-~]{16,}$/, 'needs at least 16 visible ASCII characters, without spaces')
    .optional(),
  APPLICATIONINSIGHTS_CONNECTION_STRING: z
    .string()
    .regex(
      /^(?=.*\bInstrumentationKey=[0-9a-f-]{36}\b)(\w+=[^;]*;?)+$/i,
      'must be a connection string of Application Insights',
    )
    .optional(),
  RETENTION_DAYS: wholeNumber('must be a number of days, or 0 to keep everything', 36_500).default(365),
  BULK_WIDTH: positiveNumber('must be a number from 1 to 32', 32).default(8),
  BULK_PER_MINUTE: positiveNumber('must be a number of rows, 1 to 100000', 100_000).default(1_800),
  BULK_MAILS_PER_MINUTE: positiveNumber('must be a number of mails, 1 to 100000', 100_000).default(30),
  MAU_PRICE: price.default(0.00325),
  GOVERNANCE_PRICE: price.default(0.75),
  LICENCE_CURRENCY: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be a currency such as USD or EUR')
    .default('USD'),
  // Set by Azure App Service where a managed identity is on; operators do not set them.
  IDENTITY_ENDPOINT: z.string().optional(),
  IDENTITY_HEADER: z.string().optional(),
});

/** The settings for commands that need only the store. */
export const storeSettings = settings.pick({
  DATABASE_URL: true,
  DATA_DIR: true,
  IDENTITY_ENDPOINT: true,
  IDENTITY_HEADER: true,
});

export type Settings = z.infer<typeof settings>;
export type StoreSettings = z.infer<typeof storeSettings>;
type Given = Partial<Record<string, string>>;
type Fault = { name: string; message: string };

/** The settings in an environment; a blank value counts as not set. */
export function givenIn(environment: Record<string, string | undefined>): Given {
  return Object.fromEntries(
    Object.entries(environment)
      .map(([name, value = '']) => [name, value.trim()] as const)
      .filter(([, value]) => value !== ''),
  );
}

/** The faults of a schema's settings, of single ones and of combinations. */
export function faultsIn(given: Given, schema: z.ZodObject): Fault[] {
  const own = ownFaults(given, schema);
  const isOwn = (name: string) => own.some((fault) => fault.name === name);
  return [...own, ...crossFaults(given).filter(({ name }) => name in schema.shape && !isOwn(name))];
}

// If App Service cannot follow a reference, it passes on the reference itself, which anybody can guess:
// learn.microsoft.com/azure/app-service/app-service-key-vault-references
// It follows only whole values, never a reference in a list of secrets.
const KEY_VAULT = /(^|,\s*)@Microsoft\.KeyVault\(/i;
const UNRESOLVED =
  'is a Key Vault reference that App Service could not resolve: check that it is the whole value, that the secret exists and that the site’s identity can read it, then restart the site';

/** The first fault of each single setting, without its value, which may be a secret. */
function ownFaults(given: Given, schema: z.ZodObject): Fault[] {
  const faults = new Map<string, Fault>();
  for (const [name, value = ''] of Object.entries(given)) {
    if (name in schema.shape && KEY_VAULT.test(value)) faults.set(name, { name, message: UNRESOLVED });
  }
  for (const { path, message } of schema.safeParse(given).error?.issues ?? []) {
    const name = path.join('.');
    if (faults.has(name)) continue;
    faults.set(name, { name, message: given[name] === undefined ? 'is required' : message });
  }
  return [...faults.values()];
}

/** The faults of combinations of settings. */
function crossFaults(given: Given): Fault[] {
  const production = given.NODE_ENV === 'production';
  const secrets = splitSecrets(given.SESSION_SECRET);
  const faults: Fault[] = [];
  const fault = (name: string, message: string) => faults.push({ name, message });
  if (production && !given.BASE_URL) fault('BASE_URL', 'is required in production');
  if (production && given.BASE_URL && !/^https:/i.test(given.BASE_URL)) {
    fault('BASE_URL', 'must be https:// in production');
  }
  // A public address without NODE_ENV is most likely production with a forgotten setting.
  const exposed = production || /^https:/i.test(given.BASE_URL ?? '');
  if (exposed && secrets.length === 0) {
    fault('SESSION_SECRET', `is required ${production ? 'in production' : 'where BASE_URL is https://'}`);
  }
  if (exposed && secrets.includes(DEVELOPMENT_SECRET)) {
    fault('SESSION_SECRET', 'must not be the development secret, which everyone can read');
  }
  if (secrets.some((secret) => secret.length < 32)) {
    fault('SESSION_SECRET', 'each secret needs at least 32 characters');
  }
  const signIn = signInFault(given);
  if (signIn !== null) fault('DATABASE_URL', signIn);
  if (given.SMTP_URL && !given.MAIL_FROM) fault('MAIL_FROM', 'is required when SMTP_URL is set');
  return faults;
}

/** The secrets of a list with commas between them. */
export function splitSecrets(value = ''): string[] {
  return value
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '');
}

/** Outside production a fixed secret keeps forms valid over restarts; it protects nothing. */
export const DEVELOPMENT_SECRET = 'development-only-secret-0123456789abcdef';

/** The settings of the database; see `.env.example`. */
type GivenDatabase = Partial<Record<'DATABASE_URL' | 'IDENTITY_ENDPOINT', string | undefined>>;

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
/** The only parameters of a URL with which an identity signs in. */
const TAKEN = ['sslmode', 'sslrootcert'];

/** Without a password in the URL, the managed identity signs in, if there is one. */
export function databaseSignIn({
  DATABASE_URL: url,
  IDENTITY_ENDPOINT: identity,
}: GivenDatabase): 'url' | 'managedIdentity' {
  if (!url || !identity) return 'url';
  const { password, searchParams } = new URL(url);
  return password === '' && !searchParams.has('password') ? 'managedIdentity' : 'url';
}

/** Why an identity must not sign in with a URL: a server that gets its token can use the database. */
export function signInFault(given: GivenDatabase): string | null {
  const url = given.DATABASE_URL ?? '';
  if (!URL.canParse(url) || databaseSignIn(given) === 'url') return null;
  const { hostname, username, searchParams } = new URL(url);
  if (username === '') return 'needs the name that the managed identity signs in with';
  const names = [...searchParams.keys()];
  // The driver would use the last of two, and the `host` that they name.
  if (names.some((name) => !TAKEN.includes(name)) || new Set(names).size < names.length) {
    return 'allows only sslmode and sslrootcert, each once, when the managed identity signs in';
  }
  const mode = searchParams.get('sslmode');
  if (mode === 'verify-full') return null;
  if (LOOPBACK.includes(hostname) && (mode === null || mode === 'disable')) return null;
  return 'needs sslmode=verify-full, or the identity’s token would go to any server that answers';
}
