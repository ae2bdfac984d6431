import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createApp } from '../../src/app.js';
import { startSealer } from '../../src/audit/seal.js';
import { startBackground, type Background } from '../../src/background.js';
import { loadConfig } from '../../src/config.js';
import { openDeps, type Deps } from '../../src/deps.js';
import { WORKER_DEFAULTS } from '../../src/jobs/worker.js';
import type { Languages } from '../../src/language.js';
import { createLog } from '../../src/log.js';
import { LIMITS, type Limits } from '../../src/limits.js';
import { aPolicy } from './aPolicy.js';
import { createTestDatabase } from './database.js';
import { freePort } from './freePort.js';
import { signIn, STAFF, type StaffName } from './staff.js';
import { startTenant, type Tenant } from './tenant.js';
import { Visitor } from './visitor.js';

export type TestPortal = {
  url: string;
  deps: Deps;
  tenant: Tenant;
  policyFile: string;
  /** Lines that the portal logged, parsed. */
  logged(): Record<string, unknown>[];
  /** Somebody with a browser of their own. */
  visitor(headers?: Record<string, string>): Visitor;
  /** Somebody of the tenant who has signed in, with a browser of their own. */
  staff(name: StaffName, headers?: Record<string, string>): Promise<Visitor>;
  /** All that goes on in the background; see `src/background.ts`. */
  startWorker(clock?: () => Date): void;
  stopWorker(): Promise<void>;
  close(): Promise<void>;
};

export type TestPortalOptions = {
  policy?: object;
  /** Terms of use, for a policy that names `terms.md`. */
  terms?: string;
  /** False: the portal has no mail server, Microsoft mails the invitations. */
  smtp?: boolean;
  worker?: boolean;
  /** It listens where its own links lead, for browsers. */
  browsed?: boolean;
  /** Texts in the place of those in `locales/`. */
  languages?: Languages;
  limits?: Partial<Limits>;
  env?: Record<string, string>;
  tenant?: { latencyMs?: number; replicationDelayMs?: number };
};

/** The whole portal as in production, its store and a simulated tenant, listening on ports of their own. */
export async function startPortal(options: TestPortalOptions = {}): Promise<TestPortal> {
  const { smtp = true, worker: withWorker = true } = options;
  const database = await createTestDatabase();
  const tenant = await startTenant(options.tenant);
  const policyFile = join(database.dataDir, 'partners.json');
  await writeFile(policyFile, JSON.stringify(options.policy ?? aPolicy()));
  if (options.terms !== undefined) await writeFile(join(database.dataDir, 'terms.md'), options.terms);
  const port = options.browsed ? await freePort() : 0;
  const lines: string[] = [];
  const log = createLog('debug', { write: (line) => lines.push(line) });
  const config = loadConfig({
    ...portalSettings(tenant, smtp),
    BASE_URL: `http://localhost:${port || 3000}`,
    DATABASE_URL: database.databaseUrl ?? '',
    DATA_DIR: database.dataDir,
    POLICY_FILE: policyFile,
    ...options.env,
  });
  const opened = await openDeps(config, log, { ...LIMITS, ...options.limits }).catch(
    async (error: unknown) => {
      // What still listens would keep the test run from ending.
      await tenant.close();
      await database.remove();
      throw error;
    },
  );
  const deps = { ...opened, languages: options.languages ?? opened.languages };
  const server = createApp(deps).listen(port);
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const sealer = startSealer({ db: deps.store.db, log }, 200);
  let background: Background | null = null;

  const portal: TestPortal = {
    url,
    deps,
    tenant,
    policyFile,
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    visitor: (headers) => new Visitor(url, headers),
    staff: async (name, headers) => {
      const person = new Visitor(url, headers);
      await signIn(person, tenant, STAFF[name]);
      return person;
    },
    startWorker(clock) {
      const pace = {
        worker: { ...WORKER_DEFAULTS, pollMs: 250 },
        noticesMs: 500,
        // What only a few tests wait for must not keep the processor busy in all others.
        lapseMs: 1_000,
        forgetMs: 3_600_000,
        licencesMs: 1_000,
        retentionMs: 1_000,
        watchMs: 1_000,
      };
      background = startBackground(deps, pace, clock);
    },
    async stopWorker() {
      await background?.stop();
      background = null;
    },
    async close() {
      await portal.stopWorker();
      await closeServer(server);
      await sealer.stop();
      await deps.close();
      await tenant.close();
      await database.remove();
    },
  };
  if (withWorker) portal.startWorker();
  return portal;
}

/** The settings that point a portal at a tenant. */
export function portalSettings(tenant: Tenant, smtp: boolean): Record<string, string> {
  return {
    TENANT_ID: tenant.tenantId,
    CLIENT_ID: tenant.clientId,
    CLIENT_SECRET: tenant.clientSecret,
    ENTRA_AUTHORITY: tenant.authorityUrl,
    GRAPH_BASE_URL: tenant.graphUrl,
    ...(smtp && { SMTP_URL: tenant.smtpUrl, MAIL_FROM: 'partners@contoso.com' }),
  };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
