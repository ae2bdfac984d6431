import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

type Given = { status: number; body: object | string; headers?: Record<string, string> };

export type IdentityEndpoint = {
  identity: { endpoint: string; header: string };
  /** The settings by which App Service tells its sites of it. */
  env: { IDENTITY_ENDPOINT: string; IDENTITY_HEADER: string };
  /** Whom tokens were asked for, in order; those who lacked the header are not among them. */
  asked: string[];
  /** How long a token lives that is given from now on. */
  lifeSeconds: number;
  /** How long an answer takes. */
  delayMs: number;
  /** Takes the place of a token: an answer, or none. */
  trouble: Given | 'silence' | null;
  /** Whether that is a token for `resource` which is still good. */
  accepts(token: string, resource: string): boolean;
  /** When a token ends (ms since 1970). */
  endOf(token: string): number;
  /** Takes back all that were given so far. */
  revoke(): void;
  /** Everything that must not be found anywhere. */
  secrets(): string[];
  close(): Promise<void>;
};

/**
 * The endpoint of a managed identity as App Service has it, strict about the header and the version
 * (https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference).
 *
 * @param elsewhere gives the tokens for other resources than databases
 */
export async function startIdentityEndpoint(
  elsewhere: (resource: string) => Promise<string> = (resource) =>
    Promise.reject(new Error(`No token for ${resource}`)),
): Promise<IdentityEndpoint> {
  const header = randomUUID();
  const tokens = new Map<string, { resource: string; endsAt: number; revoked: boolean }>();

  async function answer(request: IncomingMessage): Promise<Given> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (request.headers['x-identity-header'] !== header) return { status: 401, body: 'who are you' };
    const resource = searchParams.get('resource');
    const version = searchParams.get('api-version');
    if (request.method !== 'GET' || pathname !== '/msi/token' || version !== '2019-08-01' || !resource) {
      return { status: 400, body: { statusCode: 400, message: `Not so: ${request.method} ${request.url}` } };
    }
    endpoint.asked.push(resource);
    await sleep(endpoint.delayMs);
    if (endpoint.trouble === 'silence') return new Promise<never>(() => undefined);
    if (endpoint.trouble) return endpoint.trouble;
    const endsAt = (Math.floor(Date.now() / 1000) + endpoint.lifeSeconds) * 1000;
    const ofDatabase = resource.startsWith('https://ossrdbms-aad.');
    const token = ofDatabase ? `eyJ${randomBytes(300).toString('base64url')}` : await elsewhere(resource);
    tokens.set(token, { resource, endsAt, revoked: false });
    return {
      status: 200,
      body: {
        access_token: token,
        client_id: randomUUID(),
        expires_on: String(endsAt / 1000),
        not_before: String(Math.floor(Date.now() / 1000) - 300),
        resource,
        token_type: 'Bearer',
      },
    };
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    answer(request).then(
      ({ status, body, headers = {} }) => {
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
      },
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi/token`;

  const endpoint: IdentityEndpoint = {
    identity: { endpoint: url, header },
    env: { IDENTITY_ENDPOINT: url, IDENTITY_HEADER: header },
    asked: [],
    lifeSeconds: 3600,
    delayMs: 0,
    trouble: null,
    accepts(token, resource) {
      const known = tokens.get(token);
      return known?.resource === resource && !known.revoked && Date.now() < known.endsAt;
    },
    endOf: (token) => tokens.get(token)?.endsAt ?? 0,
    revoke() {
      for (const known of tokens.values()) known.revoked = true;
    },
    secrets: () => [header, ...tokens.keys()],
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return endpoint;
}
