import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from './freePort.js';
import { waitFor } from './waitFor.js';

const run = promisify(execFile);

/** The folder with the programs of PostgreSQL: the first on the PATH, else the newest of Debian's; null where there is none. */
export const postgresPrograms: string | null =
  [...(process.env.PATH ?? '').split(delimiter), ...debianFolders()].find((folder) =>
    ['initdb', 'postgres', 'pg_dump', 'pg_restore'].every((program) => existsSync(join(folder, program))),
  ) ?? null;

/** Debian keeps the programs of a server off the PATH, one folder a version. */
function debianFolders(): string[] {
  const versions = '/usr/lib/postgresql';
  return (existsSync(versions) ? readdirSync(versions) : [])
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => join(versions, version, 'bin'));
}

/** A PostgreSQL server with nothing in it, on loopback and in a temporary folder, that ends with those who started it. */
export type PostgresServer = {
  /** Of its superuser. */
  url: string;
  /** Makes a role that may only sign in, and an empty database that is its own; returns the URL. */
  createDatabase(name: string): Promise<string>;
  /** Shuts the server down as an operator would, which ends every connection, and starts it again after `awayMs`. */
  restart(awayMs: number): Promise<void>;
  close(): Promise<void>;
};

/** @throws where PostgreSQL is not installed, or does not start within 20 seconds */
export async function startPostgresServer(): Promise<PostgresServer> {
  if (postgresPrograms === null) throw new Error('The programs of PostgreSQL are not installed');
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
  const owner = ownerOfServers();
  if (owner) await chown(folder, owner.uid, owner.gid);
  const options = { cwd: folder, ...owner };
  const data = join(folder, 'data');
  await run(
    join(postgresPrograms, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
    options,
  );
  const port = await freePort();
  const program = join(postgresPrograms, 'postgres');
  const start = () =>
    spawn(
      program,
      ['-D', data, '-p', String(port), ...settings(folder).flatMap((setting) => ['-c', setting])],
      // In a process group of its own: Ctrl+C ends the tests first.
      { ...options, stdio: 'ignore', detached: true },
    );
  let server = start();
  const end = async (signal: 'SIGINT' | 'SIGQUIT') => {
    const closed = once(server, 'close');
    server.kill(signal);
    await closed;
  };
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const close = async () => {
    await end('SIGQUIT');
    await rm(folder, { recursive: true });
  };
  const answers = () =>
    execute(url).then(
      () => true,
      () => false,
    );
  await waitFor('the PostgreSQL server', answers).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    url,
    async createDatabase(name) {
      await execute(url, `create role ${name} login`, `create database ${name} owner ${name}`);
      return `postgres://${name}@127.0.0.1:${port}/${name}`;
    },
    async restart(awayMs) {
      await end('SIGINT');
      await sleep(awayMs);
      server = start();
      await waitFor('the PostgreSQL server', answers);
    },
    close,
  };
}

/** Nothing in it outlives a run of the tests, so it need not wait for the disk. */
function settings(folder: string): string[] {
  return [
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'max_connections=200',
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'autovacuum=off',
  ];
}

async function execute(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** PostgreSQL does not run as root. */
function ownerOfServers(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}
