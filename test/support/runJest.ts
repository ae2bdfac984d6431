import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureCertificate } from '../../simulator/certificate.js';
import { built } from './built.js';
import { prepareTestDatabases } from './database.js';
import { postgresPrograms, startPostgresServer } from './postgresServer.js';

// Starts jest for a lane: runJest.ts daily|slow|all|look [arguments of jest]. Paths that begin with `test` narrow `look`, and replace
// the other lanes.
//
// The store is the PostgreSQL server of DATABASE_URL. While that is unset it is a server that lives as long as the run, or the
// embedded store where PostgreSQL is not installed. With `DATABASE_URL=` it is the embedded store.

/**
 * Suites that are too slow to be run after every change: they start processes and browsers, have thousands of rows, try
 * everything with everything, or wait in real time.
 */
const SLOW = [
  ...['browser', 'cli', 'contract', 'deploy', 'process', 'simulator', 'volume'].map(
    (folder) => `test/${folder}/`,
  ),
  '\\.slow\\.test\\.ts$',
];
/** What depends on the kind of store, deaths and stops of processes, and one whole journey: the slow lane runs them embedded too. */
const OF_STORES = [
  'test/store/',
  'test/jobs/',
  'test/process/(hangs|kill|life|start)',
  'test/requests/provision/provision.test',
];
/** Browsers and portals of their own keep both processors busy. */
const ALONE = ['--maxWorkers=2'];
/** What takes longer than CI can wait: everything with everything, Firefox, Lighthouse, which measures and is alone. */
const LOOK = ['--testMatch=**/*.look.ts', '--maxWorkers=1'];
const STARTS_PROCESSES = /browser|cli|process/;
const CACHE = 'node_modules/.cache/simulator';

const [lane = 'daily', ...args] = process.argv.slice(2);
const selected = args.some((arg) => arg.startsWith('test'));
let child: ChildProcess | undefined;
let signal: NodeJS.Signals | undefined;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    signal = name;
    child?.kill(name);
  });
}

const server =
  process.env.DATABASE_URL === undefined && postgresPrograms ? await startPostgresServer() : null;
try {
  process.exitCode = await runLane(server?.url ?? process.env.DATABASE_URL ?? '');
} finally {
  await server?.close();
}

async function runLane(databaseUrl: string): Promise<number> {
  // No test's time limit should have to cover the compilation.
  if (selected && lane !== 'look' ? args.some((arg) => STARTS_PROCESSES.test(arg)) : lane !== 'daily')
    await built('server');
  if (lane === 'look') return runJest(databaseUrl, LOOK);
  if (selected) return runJest(databaseUrl, []);
  if (lane === 'daily') return runJest(databaseUrl, SLOW.map(without));
  const code = await runJest(databaseUrl, [...ALONE, ...(lane === 'slow' ? SLOW : [])]);
  if (databaseUrl === '') return code;
  return (await runJest('', [...ALONE, ...OF_STORES])) || code;
}

function without(pattern: string): string {
  return `--testPathIgnorePatterns=${pattern}`;
}

/** @param databaseUrl empty for the embedded store */
async function runJest(databaseUrl: string, selection: string[]): Promise<number> {
  process.env.DATABASE_URL = databaseUrl;
  await prepareTestDatabases();
  await import('../../public/build.js');
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: await writeTrust() };
  if (signal) return 128 + constants.signals[signal];
  process.stdout.write(`Tests on ${databaseUrl ? 'PostgreSQL' : 'the embedded store'}\n`);
  const jest = [
    '--experimental-vm-modules',
    '--no-warnings=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
  ];
  child = spawn(process.execPath, [...jest, ...selection, ...args], { stdio: 'inherit', env });
  const [code, killedBy] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + (killedBy ? constants.signals[killedBy] : 0);
}

/**
 * Writes one file with the simulator's certificate and whatever was trusted before; returns its path. Node reads
 * NODE_EXTRA_CA_CERTS once, when a process starts: trust has to be set from outside.
 */
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
