import { startSimulator, type Simulator } from '../../simulator/simulator.js';

export type DirectoryState = {
  users: {
    id: string;
    mail: string | null;
    displayName: string;
    userType: string;
    creationType: string | null;
    externalUserState: string | null;
    accountEnabled: boolean;
    sponsors: string[];
    groups: string[];
    appRoles: { servicePrincipalId: string; appRoleId: string }[];
  }[];
  groups: { id: string; displayName: string; members: string[] }[];
  mails: {
    id: string;
    from: string;
    to: string[];
    subject: string;
    text: string;
    html: string;
    source: 'smtp' | 'graph';
  }[];
};

export type Exchange = {
  method: string;
  path: string;
  query: unknown;
  requestBody: unknown;
  status: number;
  responseBody: unknown;
  requestHeaders: Record<string, string>;
  delivered: boolean;
  processed: boolean;
};

/** A simulated tenant and its control endpoint, over the network. */
export type Tenant = Simulator & {
  state(): Promise<DirectoryState>;
  /** Calls of Graph, in order; tokens left out. */
  graphCalls(method?: string, path?: RegExp): Promise<Exchange[]>;
  settings(settings: Record<string, unknown>): Promise<void>;
  fault(fault: Record<string, unknown>): Promise<void>;
  clearFaults(): Promise<void>;
  addUser(user: Record<string, unknown>): Promise<{ id: string }>;
  /** Adds to the log of changes. */
  audit(...entries: Record<string, unknown>[]): Promise<void>;
  guest(address: string): Promise<DirectoryState['users'][number] | undefined>;
  mailsTo(address: string): Promise<DirectoryState['mails']>;
};

export async function startTenant(
  options: { latencyMs?: number; replicationDelayMs?: number } = {},
): Promise<Tenant> {
  const simulator = await startSimulator({
    certificateDir: 'node_modules/.cache/simulator',
    replicationDelayMs: 0,
    ...options,
  });
  async function control(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${simulator.peopleUrl}/control/${path}`, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    if (!answer.ok) throw new Error(`${method} /control/${path}: ${answer.status} ${await answer.text()}`);
    return answer.headers.get('content-type')?.includes('json') ? answer.json() : undefined;
  }
  const state = async () => (await control('GET', 'state')) as DirectoryState;
  const mailsTo = async (address: string) =>
    (await control('GET', `mails?to=${encodeURIComponent(address)}`)) as DirectoryState['mails'];
  return {
    ...simulator,
    state,
    async graphCalls(method, path) {
      const ledger = (await control('GET', 'ledger')) as Exchange[];
      return ledger.filter(
        (call) =>
          call.path.startsWith('/v1.0') &&
          (method === undefined || call.method === method) &&
          (path === undefined || path.test(call.path)),
      );
    },
    settings: async (settings) => {
      await control('PUT', 'settings', settings);
    },
    fault: async (fault) => {
      await control('POST', 'faults', fault);
    },
    clearFaults: async () => {
      await control('DELETE', 'faults');
    },
    audit: async (...entries) => {
      await control('POST', 'audits', entries);
    },
    addUser: async (user) => (await control('POST', 'users', user)) as { id: string },
    guest: async (address) => (await state()).users.find(({ mail }) => mail === address),
    mailsTo,
  };
}
