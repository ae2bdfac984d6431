import { ClientSecretCredential } from '@azure/identity';
import {
  Client,
  HTTPMessageHandler,
  type AuthenticationProvider,
  type Context,
  type GraphError,
  type Middleware,
} from '@microsoft/microsoft-graph-client';
import type { TenantState } from '../../simulator/controlState.js';
import type { FaultOrder } from '../../simulator/faults.js';
import type { LedgerEntry } from '../../simulator/ledger.js';
import type { Settings } from '../../simulator/settings.js';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/simulator.js';

export const alex = '11111111-0000-4000-8000-000000000001';
export const megan = '11111111-0000-4000-8000-000000000002';
export const groups = {
  partners: '22222222-0000-4000-8000-000000000001',
  crm: '22222222-0000-4000-8000-000000000002',
  dynamic: '22222222-0000-4000-8000-000000000005',
  helpdesk: '22222222-0000-4000-8000-000000000006',
  news: '22222222-0000-4000-8000-000000000007',
  factory: '22222222-0000-4000-8000-000000000008',
};
export const wiki = '33333333-0000-4000-8000-000000000001';
export const crm = '33333333-0000-4000-8000-000000000002';
export const reader = '44444444-0000-4000-8000-000000000001';
export const noRole = '00000000-0000-0000-0000-000000000000';

type Invited = { id: string; inviteRedeemUrl: string; status: string; invitedUser: { id: string } };

export type Harness = {
  simulator: Simulator;
  credential: ClientSecretCredential;
  /** The real client, without the shipped retries. */
  graph: Client;
  invite(address: string, more?: object): Promise<Invited>;
  state(): Promise<TenantState>;
  ledger(): Promise<LedgerEntry[]>;
  settings(change: Partial<Settings>): Promise<Response>;
  fault(order: { on: FaultOrder['on']; fault: object; [more: string]: unknown }): Promise<Response>;
  control(method: string, path: string, body?: object): Promise<Response>;
};

/** Starts a simulator with the real client libraries in front of it. */
export async function startHarness(options: Partial<SimulatorOptions> = {}): Promise<Harness> {
  const simulator = await startSimulator({
    certificateDir: 'node_modules/.cache/simulator',
    replicationDelayMs: 0,
    ...options,
  });
  const credential = newCredential(simulator);
  const graph = newGraphClient(simulator, credential);
  const control = (method: string, path: string, body?: object) =>
    fetch(`${simulator.peopleUrl}/control${path}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  const demand = async (method: string, path: string, body?: object) => {
    const response = await control(method, path, body);
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return response;
  };
  return {
    simulator,
    credential,
    graph,
    control,
    invite: (address, more = {}) =>
      graph.api('/invitations').post({
        invitedUserEmailAddress: address,
        inviteRedirectUrl: 'https://crm.contoso.com',
        ...more,
      }) as Promise<Invited>,
    state: async () => (await (await demand('GET', '/state')).json()) as TenantState,
    ledger: async () => (await (await demand('GET', '/ledger')).json()) as LedgerEntry[],
    settings: (change) => demand('PUT', '/settings', change),
    fault: (order) => demand('POST', '/faults', order),
  };
}

export function newCredential(simulator: Simulator, secret = simulator.clientSecret): ClientSecretCredential {
  return new ClientSecretCredential(simulator.tenantId, simulator.clientId, secret, {
    authorityHost: simulator.authorityUrl,
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 0 },
  });
}

function newGraphClient(simulator: Simulator, credential: ClientSecretCredential): Client {
  const http = new HTTPMessageHandler();
  const authenticate: Middleware = {
    async execute(context: Context) {
      const token = await credential.getToken('https://graph.microsoft.com/.default');
      const headers = new Headers(context.options?.headers);
      headers.set('Authorization', `Bearer ${token.token}`);
      context.options = { ...context.options, headers: Object.fromEntries(headers) };
      await http.execute(context);
    },
  };
  return Client.initWithMiddleware({ baseUrl: simulator.graphUrl, middleware: authenticate });
}

/** The client as shipped, with its retries and its own idea of which hosts may see a token. */
export function newShippedClient(simulator: Simulator, credential: ClientSecretCredential): Client {
  const authProvider: AuthenticationProvider = {
    getAccessToken: async () => (await credential.getToken('https://graph.microsoft.com/.default')).token,
  };
  return Client.initWithMiddleware({
    baseUrl: simulator.graphUrl,
    authProvider,
    customHosts: new Set(['localhost']),
  });
}

/** Adds a member to a group. */
export function addMember(graph: Client, groupId: string, userId: string): Promise<unknown> {
  return graph
    .api(`/groups/${groupId}/members/$ref`)
    .post({ '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${userId}` }) as Promise<unknown>;
}

/** Assigns an app role. */
export function assignRole(graph: Client, resourceId: string, principalId: string, appRoleId: string) {
  return graph
    .api(`/servicePrincipals/${resourceId}/appRoleAssignedTo`)
    .post({ principalId, resourceId, appRoleId }) as Promise<{ id: string }>;
}

/** The error that a Graph call must end in. */
export async function failure(call: Promise<unknown>): Promise<GraphError> {
  try {
    await call;
  } catch (error) {
    return error as GraphError;
  }
  throw new Error('The call succeeded, though it should have failed.');
}

/** Tries until it succeeds, for at most five seconds; returns what it returned. */
export async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const end = Date.now() + 5000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resume) => setTimeout(resume, 20));
    }
  }
}
