import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { ensureCertificate } from '../../simulator/certificate.js';
import { freePort } from '../support/freePort.js';
import { aPolicy } from '../support/aPolicy.js';
import { startBalancer, type Balancer } from '../support/balancer.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { environmentOf, programOf, stagesOf } from '../support/dockerfile.js';
import { portalSettings } from '../support/portal.js';
import { startTenant, type Tenant } from '../support/tenant.js';
import { Visitor } from '../support/visitor.js';
import { waitFor } from '../support/waitFor.js';
import { layOutImage } from './image.js';

// No engine runs where these tests do. So what the image would hold is laid out in a folder, and its CMD and HEALTHCHECK are run
// there as somebody to whom all but the two folders of data is read-only.

/** Whom Debian calls nobody. Only root can start processes as somebody else. */
const NOBODY = 65_534;
const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

let folder: string;
let app: string;
let tenant: Tenant;
let database: TestDatabase;
let balancer: Balancer;
let environment: Record<string, string>;
let policyFile: string;
let running: ChildProcess | undefined;
const readImage = async () => stagesOf(await readFile('Dockerfile', 'utf8')).at(-1) ?? [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-image-'));
  await chmod(folder, 0o755);
  app = join(folder, 'app');
  const image = await readImage();
  await layOutImage(image, app);
  [tenant, database] = await Promise.all([startTenant(), createTestDatabase()]);
  const port = await freePort();
  balancer = await startBalancer([`http://localhost:${port}`], {
    tls: await ensureCertificate('node_modules/.cache/simulator'),
  });
  const trust = join(folder, 'trust.pem');
  await copyFile(tenant.caFile, trust);
  await chmod(trust, 0o644);
  policyFile = join(folder, 'policy', 'partners.json');
  await mkdir(join(folder, 'policy'));
  for (const path of [join(folder, 'policy'), database.dataDir]) await giveToNobody(path);
  environment = {
    PATH: process.env.PATH ?? '',
    ...environmentOf(image),
    ...portalSettings(tenant, true),
    PORT: String(port),
    BASE_URL: balancer.url,
    TRUST_PROXY: '1',
    SESSION_SECRET: 'a-secret-of-a-container-0123456789abcdef',
    DATABASE_URL: database.databaseUrl ?? '',
    DATA_DIR: database.dataDir,
    POLICY_FILE: policyFile,
    NODE_EXTRA_CA_CERTS: trust,
  };
});

afterAll(async () => {
  if (running?.exitCode === null && running.signalCode === null) {
    running.kill('SIGKILL');
    await once(running, 'close');
  }
  await balancer.close();
  await tenant.close();
  await database.remove();
  await rm(folder, { recursive: true });
});

async function giveToNobody(path: string): Promise<void> {
  if (asNobody.uid === undefined) return;
  await promisify(execFile)('chown', ['-R', `${NOBODY}:${NOBODY}`, path]);
}

/** Starts what CMD says, and waits until a balancer would turn to it. */
async function start(): Promise<{ stop(): Promise<{ code: number | null; stderr: string }> }> {
  const command = (await readImage()).find(({ name }) => name === 'CMD');
  const [program = '', ...args] = command ? programOf(command) : [];
  const child = spawn(program, args, {
    cwd: app,
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...asNobody,
  });
  running = child;
  const stderr = text(child.stderr);
  const closed = once(child, 'close');
  await waitFor('the portal to be ready', async () => {
    if (child.exitCode !== null) throw new Error(`The portal ended: ${await stderr}`);
    return balancer.inRotation().length === 1;
  });
  return {
    async stop() {
      child.kill('SIGTERM');
      const [code] = (await closed) as [number | null];
      return { code, stderr: await stderr };
    },
  };
}

/** With which code HEALTHCHECK ends. */
async function health(): Promise<number | null> {
  const check = (await readImage()).find(({ name }) => name === 'HEALTHCHECK');
  const [program = '', ...args] = check ? programOf(check) : [];
  const child = spawn(program, args, { cwd: app, env: environment, stdio: 'ignore', ...asNobody });
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

test('starts with the policy that lets nobody in, provisions by production packages alone, and stops when told to', async () => {
  expect(await health()).toBe(1);
  const portal = await start();
  expect(await health()).toBe(0);
  const visitor = new Visitor(balancer.url);
  expect(await visitor.status(await visitor.apply())).toMatchObject({ status: 'denied' });
  const [, sheet = ''] = /href="(\/assets\/[^"]+\.css)"/.exec((await visitor.get('/')).text) ?? [];
  expect((await visitor.get(sheet)).status).toBe(200);

  await writeFile(policyFile, JSON.stringify(aPolicy()));
  await waitFor('the new policy', async () => (await visitor.get('/')).text.includes('Contoso'));
  const page = await visitor.apply({ email: 'bo@fabrikam.com' });
  await waitFor('the guest', async () => (await visitor.status(page)).status === 'answered');
  expect(await tenant.mailsTo('bo@fabrikam.com')).toHaveLength(1);

  expect(await portal.stop()).toEqual({ code: 0, stderr: '' });
  expect(await health()).toBe(1);
});

// Shown where the tests run as root, as in CI; anybody else owns what they have laid out.
(asNobody.uid === undefined ? test.skip : test)('could not have changed its own code', async () => {
  const { stdout } = await promisify(execFile)('find', [
    app,
    '-uid',
    String(NOBODY),
    '-o',
    '-perm',
    '-o+w',
    '-not',
    '-type',
    'l',
  ]);
  expect(stdout).toBe('');
});
