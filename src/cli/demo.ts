import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from '../root.js';

/**
 * The portal beside a simulated Microsoft tenant, on this machine alone. Both start empty, so that a demonstration can be
 * repeated; each is a process of its own and they talk over the network as in earnest.
 */

const PORTAL_PORT = process.env.PORT ?? '3000';
const SIMULATOR_PORT = process.env.SIMULATOR_PORT ?? '4000';
const folder = join(root, '.data', 'demo');

/** What `simulator/main.ts` prints when it is ready. */
type Tenant = {
  peopleUrl: string;
  graphUrl: string;
  authorityUrl: string;
  smtpUrl: string;
  caFile: string;
  tenantId: string;
  clientId: string;
  clientSecret: string;
};

const children: ChildProcess[] = [];
const stopping = new AbortController();

function start(name: string, script: string, env: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, script)], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.on('exit', (code, signal) => {
    if (!stopping.signal.aborted) stop(`The ${name} ended (${signal ?? `exit code ${code ?? '?'}`}).`, 1);
  });
  children.push(child);
  return child;
}

function stop(reason: string, exitCode: number): void {
  stopping.abort();
  process.exitCode = exitCode;
  console.log(`\n${reason}`);
  for (const child of children) child.kill('SIGTERM');
}

async function startTenant(): Promise<Tenant> {
  const simulator = start('simulated tenant', 'src/simulator/main.ts', {
    SIMULATOR_DIR: join(folder, 'tenant'),
  });
  if (!simulator.stdout) throw new Error('The simulator has no output');
  const [line] = (await once(createInterface(simulator.stdout), 'line')) as [string];
  return JSON.parse(line) as Tenant;
}

async function startPortal(tenant: Tenant): Promise<string> {
  const url = `http://localhost:${PORTAL_PORT}`;
  const portal = start('portal', 'src/server.ts', {
    PORT: PORTAL_PORT,
    BASE_URL: url,
    NODE_ENV: 'development',
    DATABASE_URL: '',
    DATA_DIR: join(folder, 'portal'),
    POLICY_FILE: join(root, 'policies', 'partners.json'),
    TENANT_ID: tenant.tenantId,
    CLIENT_ID: tenant.clientId,
    CLIENT_SECRET: tenant.clientSecret,
    ENTRA_AUTHORITY: tenant.authorityUrl,
    GRAPH_BASE_URL: tenant.graphUrl,
    SMTP_URL: tenant.smtpUrl,
    MAIL_FROM: 'Contoso partner portal <partners@contoso.com>',
    NODE_EXTRA_CA_CERTS: tenant.caFile,
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn',
  });
  portal.stdout?.pipe(process.stdout);
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok || stopping.signal.aborted) return url;
    await sleep(200);
  }
}

/** Names the port that is taken: the children would only say EADDRINUSE. */
async function requireFreePort(port: number): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(port, 'localhost');
    await once(probe, 'listening');
  } catch {
    throw new Error(
      `Port ${port} is in use. Is another demo running? Stop it, or set PORT or SIMULATOR_PORT.`,
    );
  }
  probe.close();
  await once(probe, 'close');
}

process.once('SIGINT', () => {
  stop('Stopping.', 0);
});
process.once('SIGTERM', () => {
  stop('Stopping.', 0);
});

for (const port of [PORTAL_PORT, SIMULATOR_PORT]) await requireFreePort(Number(port));
await rm(folder, { recursive: true, force: true });
const tenant = await startTenant();
const portal = await startPortal(tenant);
if (!stopping.signal.aborted) {
  console.log(`
  The partner portal     ${portal}
  The simulated tenant   ${tenant.peopleUrl}   (inbox, directory, faults to switch on)

  Who may sign up, by policies/partners.json:
    ana@fabrikam.com     Fabrikam: invited at once, to Contoso CRM and the wiki
    bo@sales.fabrikam.com  the same, through the rule *.fabrikam.com
    cy@northwind.se      Northwind: invited at once, in Swedish
    dee@litware.com      Litware: waits for an approval
    eve@competitor.com   refused, as is anybody who is not listed

  Then open the mail in the inbox, accept the invitation, and look at the guest in the directory.
  Ctrl+C ends both.
`);
}
