import { spawn, type ChildProcess } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './root.js';
import { seed } from './seed.js';
import type { Simulator } from './simulator.js';

/**
 * The portal beside a simulated Microsoft tenant, both on this machine. Both start empty, so that a demonstration can be
 * repeated; each is a process of its own, and they talk over the network as in production.
 */

const PORTAL_PORT = process.env.PORT ?? '3000';
const SIMULATOR_PORT = process.env.SIMULATOR_PORT ?? '4000';
/** Emptied at each start; a second demo on another port has a folder of its own. */
const folder = join(root, '.data', 'demo', PORTAL_PORT);

/** What `simulator/main.ts` prints when it is ready. */
type Tenant = Omit<Simulator, 'close'>;

const children: ChildProcess[] = [];
const stopping = new AbortController();

/** Starts a child. When one of the two ends, child or demo, the other ends too. */
function start(name: string, script: string, env: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, script)], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.on('exit', (code, signal) => {
    // Ctrl+C reaches the children too; one that is still starting may end before this process notices the signal.
    if (signal === 'SIGINT') stop('Stopping.', 0);
    else if (!stopping.signal.aborted)
      stop(`The ${name} ended (${signal ?? `exit code ${code ?? '?'}`}).`, 1);
    else if (code !== null && code > 0) process.exitCode = 1;
  });
  children.push(child);
  return child;
}

function stop(reason: string, exitCode: number): void {
  if (stopping.signal.aborted) return;
  stopping.abort();
  process.exitCode = exitCode;
  console.log(`\n${reason}`);
  for (const child of children) child.kill('SIGTERM');
}

async function startTenant(): Promise<Tenant> {
  const simulator = start('simulated tenant', 'simulator/main.ts', {
    SIMULATOR_PORT,
    // Only programs use these two ports, and the line that the simulator prints names them.
    SIMULATOR_HTTPS_PORT: process.env.SIMULATOR_HTTPS_PORT ?? '0',
    SIMULATOR_SMTP_PORT: process.env.SIMULATOR_SMTP_PORT ?? '0',
    SIMULATOR_DIR: join(folder, 'tenant'),
  });
  if (!simulator.stdout) throw new Error('The simulator has no output');
  const lines = createInterface(simulator.stdout);
  const [line] = (await once(lines, 'line', { signal: stopping.signal })) as [string];
  const tenant = JSON.parse(line) as Tenant;
  // The report on licences reads what it says, as where `register.sh --licences` was run.
  const permissions = [...seed.permissions, 'LicenseAssignment.Read.All', 'AuditLog.Read.All'];
  await fetch(`${tenant.peopleUrl}/control/settings`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ permissions }),
  });
  return tenant;
}

async function startPortal(tenant: Tenant): Promise<string> {
  const url = `http://localhost:${PORTAL_PORT}`;
  const portal = start('portal', 'src/server.ts', {
    PORT: PORTAL_PORT,
    BASE_URL: url,
    NODE_ENV: 'development',
    DATABASE_URL: '',
    DATA_DIR: join(folder, 'portal'),
    POLICY_FILE: join(folder, 'policies', 'partners.json'),
    TENANT_ID: tenant.tenantId,
    CLIENT_ID: tenant.clientId,
    CLIENT_SECRET: tenant.clientSecret,
    // An Azure shell may offer an identity of its own.
    IDENTITY_ENDPOINT: '',
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
    if (answer?.ok) return url;
    await sleep(200, undefined, { signal: stopping.signal });
  }
}

/** Names the port that is in use: the children would only say EADDRINUSE. */
async function requireFreePort(setting: string, port: string): Promise<void> {
  const probe = createServer();
  try {
    probe.listen(Number(port));
    await once(probe, 'listening');
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      ? new Error(
          `Port ${port} is in use. Is another demo running? Stop it, or set ${setting} to a free port.`,
        )
      : new Error(`${setting} cannot be used: ${(error as Error).message}`);
  }
  probe.close();
  await once(probe, 'close');
}

function introduce(portal: string, tenant: Tenant): void {
  console.log(`
  The partner portal     ${portal}
  The simulated tenant   ${tenant.peopleUrl}   (inbox, directory, faults to switch on)

  Who may sign up, by a copy of policies/partners.json:
    ana@fabrikam.com     Fabrikam: invited immediately, to Contoso CRM and the wiki
    bo@sales.fabrikam.com  the same, through the rule *.fabrikam.com
    cy@northwind.se      Northwind: invited immediately, in Swedish
    dee@litware.com      Litware: waits for an approval
    tom@wingtiptoys.com  Wingtip Toys: first enters a code from the inbox, or opens the link beside it
    pia@proseware.com    Proseware: first signs in at her own organisation, as Pia Holm
    eve@competitor.com   refused, like everybody who is not listed

  Who may sign in at ${portal}/admin:
    Ada Admin            edits the policy and decides requests
    Arne Approver        decides requests of every partner
    Aud Auditor          reads everything, changes nothing
    Lia Litware          decides requests of Litware, which names her as its approver
    Gro Group            decides requests of Northwind, which names a group of hers
    Nils Norole          is turned away: no role, and no partner names him

  Then open the mail in the inbox, accept the invitation, and look at the guest in the directory.
  Ctrl+C ends both.
`);
}

async function main(): Promise<void> {
  await requireFreePort('PORT', PORTAL_PORT);
  await requireFreePort('SIMULATOR_PORT', SIMULATOR_PORT);
  await rm(folder, { recursive: true, force: true });
  // A copy, so that nothing tried here changes the example.
  await cp(join(root, 'policies'), join(folder, 'policies'), { recursive: true });
  const tenant = await startTenant();
  introduce(await startPortal(tenant), tenant);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Not `once`: Ctrl+C may arrive twice, from the terminal and from npm.
  process.on(signal, () => {
    stop('Stopping.', 0);
  });
}
main().catch((error: unknown) => {
  // Stopping the demo while it starts aborts what it waits for; that is not an error.
  if (!stopping.signal.aborted) stop(error instanceof Error ? error.message : String(error), 1);
});
