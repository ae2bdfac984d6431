import type { ClientSecretCredential } from '@azure/identity';
import type { Config, GraphCredential, ManagedIdentity } from '../config.js';
import { keepToken } from '../entra/keptToken.js';
import { requestIdentityToken, IdentityFault } from '../entra/managedIdentity.js';
import { GraphFault } from './graphFault.js';

export type TokenSource = {
  /** @throws {GraphFault} `unauthenticated` when Entra gives no token */
  token(signal: AbortSignal): Promise<string>;
  /** Drops the cached token: Graph has refused it. */
  forget(): void;
};

type Settings = Pick<Config, 'graphCredential' | 'graphUrl' | 'authorityUrl' | 'tenantId'> &
  Partial<Pick<Config, 'managedIdentity'>>;

/** Application tokens for Graph, kept until shortly before they expire. */
export function createTokenSource(settings: Settings): TokenSource {
  const { graphCredential, managedIdentity = null } = settings;
  const source =
    graphCredential.kind === 'managedIdentity'
      ? byIdentity(settings, managedIdentity)
      : bySecret(settings, graphCredential);
  return {
    async token(signal) {
      try {
        return await source.token(signal);
      } catch (error) {
        throw noToken(error);
      }
    },
    forget() {
      source.forget();
    },
  };
}

/** Azure itself keeps such a token too, and may give it again for hours after it was forgotten here. */
function byIdentity({ graphUrl }: Settings, identity: ManagedIdentity | null): TokenSource {
  const tokens = keepToken(() => {
    if (!identity) throw new IdentityFault('This machine has no managed identity');
    return requestIdentityToken(identity, audienceOf(graphUrl));
  });
  return {
    token: () => tokens.get(),
    forget() {
      const held = tokens.held();
      if (held) tokens.forget(held.token);
    },
  };
}

function bySecret(
  { graphUrl, authorityUrl, tenantId }: Settings,
  { clientId, clientSecret }: Extract<GraphCredential, { kind: 'clientSecret' }>,
): TokenSource {
  // A fifth of a second of a start, and of no use to a managed identity: loaded for the first token.
  async function create(): Promise<ClientSecretCredential> {
    const { ClientSecretCredential } = await import('@azure/identity');
    return new ClientSecretCredential(tenantId, clientId, clientSecret, {
      authorityHost: authorityUrl,
      // It would look the authority up in Microsoft's public cloud, which may not know it.
      disableInstanceDiscovery: authorityUrl !== 'https://login.microsoftonline.com',
      // The worker has its own back-off, which all workers share.
      retryOptions: { maxRetries: 0 },
    });
  }
  const scope = `${audienceOf(graphUrl)}/.default`;
  let credential: Promise<ClientSecretCredential> | null = null;
  return {
    async token(abortSignal) {
      credential ??= create();
      const { token } = await (await credential).getToken(scope, { abortSignal });
      return token;
    },
    forget() {
      credential = null;
    },
  };
}

/** National clouds issue tokens for a Graph of their own (https://learn.microsoft.com/graph/deployments). */
const NATIONAL_CLOUDS = [
  'https://graph.microsoft.us',
  'https://dod-graph.microsoft.us',
  'https://microsoftgraph.chinacloudapi.cn',
];

/** The audience of a token for Graph at `graphUrl`; a stand-in has that of the public cloud. */
function audienceOf(graphUrl: string): string {
  return NATIONAL_CLOUDS.includes(graphUrl) ? graphUrl : 'https://graph.microsoft.com';
}

function noToken(error: unknown): GraphFault {
  return new GraphFault(
    {
      kind: 'unauthenticated',
      status: null,
      code: error instanceof Error ? error.name : null,
      // Entra's texts name the tenant, the app and the fault (AADSTS…), and no secret.
      message: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
      requestId: null,
      retryAfterSeconds: null,
      processed: 'no',
    },
    error,
  );
}
