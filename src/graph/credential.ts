import { ClientSecretCredential, ManagedIdentityCredential } from '@azure/identity';
import type { Config } from '../config.js';
import { GraphFault } from './graphFault.js';

export type TokenSource = {
  /** @throws {GraphFault} `unauthenticated` when Entra gives no token */
  token(signal: AbortSignal): Promise<string>;
  /** Drops the cached token: Graph has refused it. */
  forget(): void;
};

type Settings = Pick<Config, 'graphCredential' | 'graphUrl' | 'authorityUrl' | 'tenantId'>;

/** Application tokens for Graph, cached by the library until shortly before they expire. */
export function createTokenSource(settings: Settings): TokenSource {
  let credential = createCredential(settings);
  const scope = `${audienceOf(settings.graphUrl)}/.default`;
  return {
    async token(abortSignal) {
      try {
        const { token } = await credential.getToken(scope, { abortSignal });
        return token;
      } catch (error) {
        throw noToken(error);
      }
    },
    forget() {
      credential = createCredential(settings);
    },
  };
}

/** National clouds issue tokens for a Graph of their own (https://learn.microsoft.com/graph/deployments). */
const NATIONAL_CLOUDS = [
  'https://graph.microsoft.us',
  'https://dod-graph.microsoft.us',
  'https://microsoftgraph.chinacloudapi.cn',
];

/** Whom a token for Graph at `graphUrl` is issued to; a stand-in answers in the name of the public cloud. */
function audienceOf(graphUrl: string): string {
  return NATIONAL_CLOUDS.includes(graphUrl) ? graphUrl : 'https://graph.microsoft.com';
}

function createCredential({
  graphCredential,
  authorityUrl,
  tenantId,
}: Settings): ManagedIdentityCredential | ClientSecretCredential {
  if (graphCredential.kind === 'managedIdentity') return new ManagedIdentityCredential();
  const { clientId, clientSecret } = graphCredential;
  return new ClientSecretCredential(tenantId, clientId, clientSecret, {
    authorityHost: authorityUrl,
    // Asks Microsoft's public cloud about an authority that it may not know.
    disableInstanceDiscovery: authorityUrl !== 'https://login.microsoftonline.com',
    // The worker has its own back-off, which all workers share.
    retryOptions: { maxRetries: 0 },
  });
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
