import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from '../process/portalProcess.js';
import { waitFor } from './waitFor.js';

const run = promisify(execFile);
const VERSIONS = '/usr/lib/postgresql';

/** Where Debian puts the programs of PostgreSQL, the newest version's; null where there are none. */
export const postgresPrograms: string | null =
  (existsSync(VERSIONS) ? readdirSync(VERSIONS) : [])
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => join(VERSIONS, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb'))) ?? null;

/** A PostgreSQL server with nothing in it. */
export type EmptyServer = {
  /** Makes a role that may only sign in, and an empty database that is its own; returns the URL. */
  createDatabase(name: string): Promise<string>;
  close(): Promise<void>;
};

export async function startEmptyServer(): Promise<EmptyServer> {
  if (postgresPrograms === null) throw new Error(`No programs of PostgreSQL in ${VERSIONS}`);
  const folder = await mkdtemp(join(tmpdir(), 'empty-server-'));
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
  const settings = ['listen_addresses=127.0.0.1', 'fsync=off', `unix_socket_directories=${folder}`];
  const server = spawn(
    join(postgresPrograms, 'postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { ...options, stdio: 'ignore' },
  );
  const closed = once(server, 'close');
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const statements = async (...texts: string[]) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      for (const text of texts) await client.query(text);
    } finally {
      await client.end();
    }
  };
  await waitFor('the empty server', () =>
    statements().then(
      () => true,
      () => false,
    ),
  );
  return {
    async createDatabase(name) {
      await statements(`create role ${name} login`, `create database ${name} owner ${name}`);
      return `postgres://${name}@127.0.0.1:${port}/${name}`;
    },
    async close() {
      server.kill('SIGQUIT');
      await closed;
      await rm(folder, { recursive: true });
    },
  };
}

/** PostgreSQL does not run as root. */
function ownerOfServers(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}
