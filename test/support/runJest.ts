import { spawn } from 'node:child_process';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { constants } from 'node:os';
import { ensureCertificate } from '../../simulator/certificate.js';
import { built } from './built.js';
import { prepareTestDatabases } from './database.js';

// Node reads NODE_EXTRA_CA_CERTS once, when a process starts: trust for the simulator has to be set from outside.

const CACHE = 'node_modules/.cache/simulator';

const args = process.argv.slice(2);
/** Suites that start processes: no test's time limit should have to cover the compilation. */
const STARTS_PROCESSES = /browser|cli|process/;

await prepareTestDatabases();
if (args.length === 0 || args.some((arg) => STARTS_PROCESSES.test(arg))) await built('server');

const child = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    ...args,
  ],
  { stdio: 'inherit', env: { ...process.env, NODE_EXTRA_CA_CERTS: await writeTrust() } },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => child.kill(signal));
}
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
});

/** Writes one file with the simulator's certificate and whatever was trusted before; returns its path. */
async function writeTrust(): Promise<string> {
  const { cert } = await ensureCertificate(CACHE);
  const before = process.env.NODE_EXTRA_CA_CERTS;
  const trust = before ? `${await readFile(before, 'utf8')}\n${cert}` : cert;
  const file = resolve(join(CACHE, 'trust.pem'));
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, trust, { mode: 0o600 });
  await rename(draft, file); // two test runs may start at once
  return file;
}
