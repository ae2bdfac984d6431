import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ensureCertificate } from '../../simulator/certificate.js';
import { startSimulator, type Simulator } from '../../simulator/simulator.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulator-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the certificate', () => {
  it('is the same for all who start at once, and is kept', async () => {
    const made = await Promise.all([1, 2, 3].map(() => ensureCertificate(folder)));
    const again = await ensureCertificate(folder);
    expect(new Set([...made, again].map(({ cert }) => cert)).size).toBe(1);
    expect(again.key).toContain('PRIVATE KEY');
  });

  it('is private, names the loopback, and lasts no longer than clients accept', async () => {
    const { cert, caFile } = await ensureCertificate(folder);
    expect(await readFile(caFile, 'utf8')).toBe(cert);
    expect((await stat(caFile)).mode & 0o077).toBe(0);
    const parsed = new X509Certificate(cert);
    for (const name of ['localhost']) expect(parsed.checkHost(name)).toBe(name);
    for (const address of ['127.0.0.1', '::1']) expect(parsed.checkIP(address)).toBe(address);
    const days = (Date.parse(parsed.validTo) - Date.parse(parsed.validFrom)) / 86_400_000;
    expect(days).toBeLessThanOrEqual(825);
  });
});

it('a port that is taken is an error, and leaves nothing open', async () => {
  const first = await startSimulator({ certificateDir: folder });
  const smtpPort = Number(new URL(first.smtpUrl).port);
  await expect(startSimulator({ certificateDir: folder, smtpPort })).rejects.toThrow(/EADDRINUSE/);
  await first.close();
  await expect(fetch(first.peopleUrl)).rejects.toThrow();
});

it('as a process prints one line of JSON, answers, and ends on SIGTERM', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'simulator/main.ts'], {
    env: {
      ...process.env,
      SIMULATOR_PORT: '0',
      SIMULATOR_HTTPS_PORT: '0',
      SIMULATOR_SMTP_PORT: '0',
      SIMULATOR_DIR: folder,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const ready = JSON.parse(line) as Simulator;
  for (const host of ['localhost', '127.0.0.1', '[::1]']) {
    const url = ready.peopleUrl.replace('localhost', host);
    const response = await fetch(url).catch((error: unknown) => error); // a machine may have no IPv6
    if (host !== '[::1]') expect(response).toMatchObject({ status: 200 });
  }
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
