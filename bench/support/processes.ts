import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { root } from '../../src/root.js';

export type ServerProcess = {
  url: string;
  /** Milliseconds from the start of the process to the first 200 at /readyz. */
  readyMs: number;
  /** The resident memory of the process, in MB. */
  residentMb(): Promise<number>;
  stop(): Promise<void>;
  /** Kills it without a chance to stop. */
  kill(): Promise<void>;
};

const execute = promisify(execFile);
// Only a server that never starts should fail: other work may slow the machine down.
const START_WITHIN_MS = 300_000;

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/**
 * Compiles the portal as for production, and the bench's own servers: run through a loader they would be slower and
 * larger.
 */
export async function build(): Promise<void> {
  await import('../../public/build.js');
  for (const project of ['tsconfig.build.json', 'bench/tsconfig.servers.json']) {
    const compiler = spawn(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project], {
      cwd: root,
      stdio: 'inherit',
    });
    const [code] = (await once(compiler, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`${project} could not be built`);
  }
}

/** The compiled file of one of `bench/servers`. */
export const benchServer = (name: string) => `.data/bench/build/bench/servers/${name}.js`;

/**
 * Starts a compiled script that listens on PORT, by default a free one, with only these settings, and waits until it
 * is ready.
 */
export async function startServer(script: string, env: Record<string, string>): Promise<ServerProcess> {
  const port = env.PORT ?? String(await freePort());
  const start = performance.now();
  const child = startChild(script, { NODE_ENV: 'production', ...env, PORT: port }, 'ignore');
  const url = `http://127.0.0.1:${port}`;
  while (!(await isReady(url))) {
    if (child.exitCode !== null || performance.now() - start > START_WITHIN_MS) {
      throw new Error(`${script} did not start`);
    }
    await sleep(5);
  }
  const readyMs = performance.now() - start;
  return {
    url,
    readyMs,
    async residentMb() {
      const { stdout } = await execute('ps', ['-o', 'rss=', '-p', String(child.pid)]);
      return Number(stdout) / 1024;
    },
    stop: () => stop(child),
    kill: () => stop(child, 'SIGKILL'),
  };
}

/** Starts a script of TypeScript that prints one line of JSON when it is ready. */
export async function startAnnounced<T>(
  script: string,
  env: Record<string, string>,
): Promise<T & { stop(): Promise<void> }> {
  const child = startChild(script, env, 'pipe', ['--import', 'tsx']);
  if (!child.stdout) throw new Error(`${script} has no output`);
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { ...(JSON.parse(line) as T), stop: () => stop(child) };
}

function startChild(
  script: string,
  env: Record<string, string>,
  stdout: 'pipe' | 'ignore',
  options: string[] = [],
): ChildProcess {
  const child = spawn(process.execPath, [...options, join(root, script)], {
    cwd: root,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', stdout, 'inherit'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  await answer?.arrayBuffer();
  return answer?.ok ?? false;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
