import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { UNPACED_POLICY } from '../support/aPolicy.js';
import { built } from '../support/built.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { freePort } from '../support/freePort.js';
import { portalSettings } from '../support/portal.js';
import { startTenant, type Tenant } from '../support/tenant.js';
import { Visitor } from '../support/visitor.js';
import { waitFor } from '../support/waitFor.js';

export type Ended = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

/** One life of the portal as a process of its own, which logs to its standard output. */
export type PortalProcess = {
  url: string;
  pid: number;
  /** Lines that it has logged so far, parsed. */
  logged(): Record<string, unknown>[];
  visitor(): Visitor;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ended>;
};

/** A tenant, a store and a policy that outlive the processes working with them. */
export type Site = {
  tenant: Tenant;
  database: TestDatabase;
  policyFile: string;
  /** Starts a portal and waits until it is ready; `env` replaces single settings, such as its PORT. */
  start(env?: Record<string, string>): Promise<PortalProcess>;
  /** Runs a portal that is expected to end by itself. */
  run(env: Record<string, string>): Promise<Ended>;
  /** Ends what still runs, and removes everything. */
  close(): Promise<void>;
};

export type SiteOptions = {
  policy?: object;
  /** A policy that stays where it is, in the place of `policy`. */
  policyFile?: string;
  smtp?: boolean;
  replicationDelayMs?: number;
  /** Settings in the place of those that a rehearsal has. */
  env?: Record<string, string>;
};

export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const { smtp = true, replicationDelayMs = 0 } = options;
  const [tenant, database, port, server] = await Promise.all([
    startTenant({ replicationDelayMs }),
    createTestDatabase(),
    freePort(),
    built('server'),
  ]);
  const policyFile = options.policyFile ?? join(database.dataDir, 'partners.json');
  if (!options.policyFile) await writeFile(policyFile, JSON.stringify(options.policy ?? UNPACED_POLICY));
  const settings: Record<string, string> = {
    ...portalSettings(tenant, smtp),
    NODE_ENV: 'development',
    PORT: String(port),
    BASE_URL: `http://localhost:${port}`,
    DATABASE_URL: database.databaseUrl ?? '',
    DATA_DIR: database.dataDir,
    POLICY_FILE: policyFile,
    NODE_EXTRA_CA_CERTS: tenant.caFile,
    ...options.env,
  };
  const children = new Set<ChildProcess>();

  function launch(env: Record<string, string>) {
    const child = spawn(process.execPath, [server], {
      env: { PATH: process.env.PATH, ...settings, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    child.once('close', () => children.delete(child));
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    const stdout = () => Buffer.concat(output).toString('utf8');
    const ended: Promise<Ended> = Promise.all([once(child, 'close'), text(child.stderr)]).then(
      ([[code, signal], stderr]) => ({
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
        stdout: stdout(),
        stderr,
      }),
    );
    return { child, stdout, ended };
  }

  return {
    tenant,
    database,
    policyFile,
    run: (env) => launch(env).ended,
    async start(env = {}) {
      const url = `http://localhost:${env.PORT ?? port}`;
      const { child, stdout, ended } = launch(env);
      let over: Ended | null = null;
      void ended.then((end) => (over = end));
      const isReady = async () => {
        if (over) throw new Error(`The portal ended: ${over.stderr}`);
        return (await fetch(`${url}/readyz`).catch(() => null))?.ok;
      };
      // Several that start at once on a busy machine take their time.
      await waitFor('the portal to be ready', isReady, 60_000);
      return {
        url,
        pid: child.pid ?? 0,
        logged: () =>
          stdout()
            .slice(0, stdout().lastIndexOf('\n') + 1)
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as Record<string, unknown>),
        visitor: () => new Visitor(url),
        end(signal) {
          child.kill(signal);
          return ended;
        },
      };
    },
    async close() {
      await Promise.all(
        [...children].map(async (child) => {
          child.kill('SIGKILL');
          await once(child, 'close');
        }),
      );
      await tenant.close();
      await database.remove();
    },
  };
}
