import { readFile } from 'node:fs/promises';
import type { PoolClient, PoolConfig } from 'pg';
import { codeOf } from '../codeOf.js';
import type { ManagedIdentity } from '../config.js';
import { keepToken } from '../entra/keptToken.js';
import { requestIdentityToken } from '../entra/managedIdentity.js';
import type { Log } from '../log.js';

/** How a pool gets its connections, and how long it may keep them. */
export type SignIn = {
  settings: PoolConfig;
  /** Prepares the first connection, which may take time. */
  prepare(): Promise<void>;
  /** Gets a connection by `open`, and deals with a server that refuses to let us in. */
  enter(open: () => Promise<PoolClient>): Promise<PoolClient>;
  /** Whether a connection has been used for long enough. */
  outlived(client: PoolClient): boolean;
};

/** An open connection stays open: PostgreSQL checks tokens and rights only when a connection begins. */
const LONGEST_USE_MS = 3_600_000;

/**
 * Signs in with tokens of the managed identity in the place of a password
 * (https://learn.microsoft.com/azure/postgresql/flexible-server/how-to-configure-sign-in-azure-ad-authentication).
 *
 * Each connection is closed within the life of the token that opened it, or within an hour; not all at once, and not while a
 * new connection could not be opened.
 *
 * @param url as `signInFault` of the settings lets it pass
 * @throws Error when the file of `sslrootcert` cannot be read
 */
export async function signInByIdentity(url: string, identity: ManagedIdentity, log: Log): Promise<SignIn> {
  const settings = await settingsIn(new URL(url));
  const tokens = keepToken(
    () => requestIdentityToken(identity, audienceOf(settings.host)),
    (failure) => {
      if (failure)
        log.warn({ reason: failure.message }, 'the managed identity gives no token for the database');
      else log.info('the managed identity gives tokens for the database again');
    },
  );
  const giveUpAt = new WeakMap<PoolClient, number>();
  let refused = false;

  async function getConnection(open: () => Promise<PoolClient>): Promise<PoolClient> {
    // The token that is held afterwards may have arrived while this connection signed in with the one before.
    const before = tokens.held();
    const client = await open();
    if (giveUpAt.has(client)) return client;
    if (refused) log.info({ user: settings.user }, 'the database accepts the managed identity again');
    refused = false;
    const ends = (before ?? tokens.held())?.expiresAt ?? 0;
    const life = Math.min(LONGEST_USE_MS, ends - Date.now());
    giveUpAt.set(client, Date.now() + life * (0.75 + Math.random() / 4));
    return client;
  }

  function refusal(error: unknown): unknown {
    if (!isRefusal(error)) return error;
    const message = `The server refuses the managed identity as ${settings.user}: ${error.message}`;
    if (!refused) {
      log.error(
        { user: settings.user, code: error.code, reason: error.message },
        'the database refuses the managed identity: make it an Entra administrator of the server, or a role of that very name',
      );
    }
    refused = true;
    // A new error, since the server's own words might contain parts of the token.
    return Object.assign(new Error(message), { code: error.code });
  }

  return {
    settings: { ...settings, password: () => tokens.get() },
    async prepare() {
      await tokens.get();
    },
    async enter(open) {
      const used = tokens.held()?.token;
      try {
        return await getConnection(open);
      } catch (error) {
        if (!isRefusal(error) || used === undefined || !tokens.forget(used)) throw refusal(error);
      }
      return getConnection(open).catch((error: unknown) => {
        throw refusal(error);
      });
    },
    outlived(client) {
      if (Date.now() < (giveUpAt.get(client) ?? Infinity)) return false;
      if (tokens.isFresh()) return true;
      // A pool that always has an open connection never requests a token. `keepToken` reports a failure.
      tokens.get().catch(() => undefined);
      return false;
    },
  };
}

/** By the password in the URL, or none. */
export function signInByUrl(connectionString: string): SignIn {
  return {
    settings: { connectionString },
    prepare: () => Promise.resolve(),
    enter: (open) => open(),
    outlived: () => false,
  };
}

/**
 * Read here and not by the driver, which would put the empty password of the URL in the place of ours. Every value is given,
 * lest one comes from the environment (PGSSLMODE, PGPORT …).
 */
async function settingsIn({ hostname, port, username, pathname, searchParams }: URL) {
  const user = decodeURIComponent(username);
  const verified = searchParams.get('sslmode') === 'verify-full';
  const authority = searchParams.get('sslrootcert');
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port || 5432),
    user,
    database: decodeURIComponent(pathname.slice(1)) || user,
    ssl: verified && {
      rejectUnauthorized: true,
      ...(authority !== null && { ca: await readFile(authority, 'utf8') }),
    },
  };
}

/** As `az cloud list` names them (`ossrdbmsResourceId`), by the domain of the cloud's servers. */
const CLOUDS = ['database.usgovcloudapi.net', 'database.chinacloudapi.cn'];

/** The audience of a token for the server. */
function audienceOf(host: string): string {
  const cloud = CLOUDS.find((domain) => host.toLowerCase().endsWith(`.${domain}`));
  return `https://ossrdbms-aad.${cloud ?? 'database.windows.net'}`;
}

/** invalid_authorization_specification and invalid_password: errcodes-appendix of PostgreSQL. */
const REFUSALS = ['28000', '28P01'];

function isRefusal(error: unknown): error is Error & { code: string } {
  return REFUSALS.includes(codeOf(error));
}
