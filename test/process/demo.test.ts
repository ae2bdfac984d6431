import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createInterface } from 'node:readline';
import { waitFor } from '../support/waitFor.js';
import { freePort } from '../support/freePort.js';

let ports: { portal: number; tenant: number };
const groups: number[] = [];

beforeEach(async () => {
  ports = { portal: await freePort(), tenant: await freePort() };
});
afterAll(() => {
  for (const group of groups) {
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  }
});

/** Starts the demo at the head of a process group, as a terminal does. */
function startDemo(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'simulator/demo.ts'], {
    detached: true,
    env: { PATH: process.env.PATH, PORT: String(ports.portal), SIMULATOR_PORT: String(ports.tenant), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const group = child.pid ?? 0;
  groups.push(group);
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  const ended = Promise.all([once(child, 'close'), text(child.stderr)]).then(([[code], stderr]) => ({
    code: code as number,
    stderr,
    stdout: lines.join('\n'),
  }));
  const up = () =>
    waitFor('the demo to be up', () => lines.some((line) => line.includes('Ctrl+C ends both')), 90_000);
  return { group, ended, up };
}

const answers = async (port: number) => (await fetch(`http://localhost:${port}/`).catch(() => null)) !== null;

test('it comes up, and Ctrl+C ends it and both its processes without a complaint', async () => {
  const demo = startDemo();
  await demo.up();
  expect(await answers(ports.portal)).toBe(true);
  expect(await answers(ports.tenant)).toBe(true);
  process.kill(-demo.group, 'SIGINT');
  expect(await demo.ended).toMatchObject({ code: 0, stderr: '' });
  expect(await answers(ports.portal)).toBe(false);
  expect(await answers(ports.tenant)).toBe(false);
});

test('when the portal crashes it says so and ends the tenant', async () => {
  const demo = startDemo({ LOG_LEVEL: 'loud' });
  const { code, stdout, stderr } = await demo.ended;
  expect(code).toBe(1);
  expect(stdout.trim()).toBe('The portal ended (exit code 1).');
  expect(stderr).toContain('LOG_LEVEL');
  expect(await answers(ports.tenant)).toBe(false);
});

test('when the tenant crashes it says so and does not wait for it', async () => {
  const other = createServer().listen(0);
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const { code, stdout } = await startDemo({ SIMULATOR_SMTP_PORT: String(port) }).ended;
  other.close();
  expect(code).toBe(1);
  expect(stdout.trim()).toBe('The simulated tenant ended (exit code 1).');
});

test.each(['PORT', 'SIMULATOR_PORT'])('a %s that is taken is said in a sentence', async (setting) => {
  const taken = setting === 'PORT' ? ports.portal : ports.tenant;
  const other = createServer().listen(taken);
  await once(other, 'listening');
  const { code, stdout, stderr } = await startDemo().ended;
  other.close();
  expect(code).toBe(1);
  expect(stdout.trim()).toBe(
    `Port ${taken} is in use. Is another demo running? Stop it, or set ${setting} to a free port.`,
  );
  expect(stderr).toBe('');
});

test('stopped while it starts it leaves nothing behind', async () => {
  const demo = startDemo();
  await waitFor('the tenant to be up', () => answers(ports.tenant));
  process.kill(-demo.group, 'SIGINT');
  expect((await demo.ended).code).toBe(0);
  expect(await answers(ports.portal)).toBe(false);
  expect(await answers(ports.tenant)).toBe(false);
});
