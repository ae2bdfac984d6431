import { readFileSync, readlinkSync } from 'node:fs';
import { open, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../codeOf.js';

/** The process that holds, or held, a lock. `started` distinguishes it from a later one with the same pid. */
type Owner = { host: string; pid: number; started: string };

export type ExclusiveLock = { release(): Promise<void> };

/** Another process holds the lock: a message to the operator. */
export class LockedError extends Error {
  override name = 'LockedError';
}

const HEARTBEAT_MS = 2_000;
const LOOK_AGAIN_MS = 500;
/** After this silence the owner on another machine counts as gone. */
const SILENCE_MS = 30_000;
/** A lock file without readable content is still being written. */
const WRITING_MS = 5_000;

/**
 * Takes a lock that only one process can hold, and that a killed process does not keep. Where the owner's process cannot be
 * seen (another machine or container), that takes up to half a minute of silence.
 *
 * Node has no file lock, so the lock is a file with a number: taking over from a dead owner means
 * creating the next number, which the file system lets only one process do. A released lock keeps its
 * file, emptied of its owner. After creating a number the process looks again: a higher number means that it
 * acted on old information, and that another process holds the lock.
 *
 * @param path the lock files are `<path>.1`, `<path>.2` …
 * @param what named in the refusal, e.g. the folder that is protected
 * @throws {LockedError} when another process holds it
 */
export async function takeExclusiveLock(path: string, what: string): Promise<ExclusiveLock> {
  const newest = await newestNumber(path);
  if (newest > 0 && (await isHeld(`${path}.${newest}`))) throw inUse(what);
  const mine = newest + 1;
  const file = `${path}.${mine}`;
  try {
    await writeOwner(file, 'wx');
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw inUse(what);
    throw error;
  }
  if ((await newestNumber(path)) !== mine) {
    await rm(file, { force: true });
    throw inUse(what);
  }
  await removeOlder(path, newest);
  const heartbeat = setInterval(() => {
    const now = new Date();
    // A missed beat matters only to other machines, and only after many of them.
    utimes(file, now, now).catch(() => undefined);
  }, HEARTBEAT_MS).unref();
  return {
    async release() {
      clearInterval(heartbeat);
      await writeOwner(file, 'w', null);
    },
  };
}

const inUse = (what: string) =>
  new LockedError(
    `${what} is in use by another portal process. Two processes on one embedded store would corrupt it: ` +
      `stop the other one, give this one another DATA_DIR, or set DATABASE_URL to use PostgreSQL.`,
  );

async function newestNumber(path: string): Promise<number> {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path));
  const numbers = names
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)));
  return Math.max(0, ...numbers.filter(Number.isInteger));
}

async function isHeld(file: string): Promise<boolean> {
  const look = await Promise.all([readFile(file, 'utf8'), stat(file)]).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  // Only the owner of a later number removes this one.
  if (!look) return true;
  const [text, { mtimeMs }] = look;
  const age = Date.now() - mtimeMs;
  const owner = readOwner(text);
  if (owner === undefined) return age < WRITING_MS;
  if (owner === null) return false;
  if (owner.host !== host()) return beatsAgain(file, mtimeMs);
  return startOf(owner.pid) === owner.started;
}

/**
 * Whether an owner whose process cannot be seen gives a sign of life before it counts as gone: after a container was killed, the
 * next one waits for that instead of ending.
 */
async function beatsAgain(file: string, lastBeat: number): Promise<boolean> {
  while (Date.now() - lastBeat < SILENCE_MS) {
    await sleep(LOOK_AGAIN_MS);
    const now = await stat(file).catch(() => null);
    if (now?.mtimeMs === lastBeat) continue;
    const text = await readFile(file, 'utf8').catch(() => null);
    // Gone: somebody took a later number. Emptied: the owner has released it.
    return text === null || readOwner(text) !== null;
  }
  return false;
}

/** Null when the lock was released; undefined when the text is not complete: it is being written, or a power cut ended that. */
function readOwner(text: string): Owner | null | undefined {
  try {
    return JSON.parse(text) as Owner | null;
  } catch {
    return undefined;
  }
}

async function writeOwner(file: string, flag: 'w' | 'wx', owner: Owner | null = self()): Promise<void> {
  const handle = await open(file, flag, 0o600);
  try {
    await handle.writeFile(JSON.stringify(owner));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeOlder(path: string, newest: number): Promise<void> {
  for (let number = newest; number > 0 && number > newest - 8; number--) {
    await rm(join(dirname(path), `${basename(path)}.${number}`), { force: true });
  }
}

function self(): Owner {
  return { host: host(), pid: process.pid, started: startOf(process.pid) ?? '' };
}

/** Where a pid means something: a container may share its host's name, and yet not see its processes. */
function host(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/**
 * When a process of this machine started, in an opaque form; null when there is none with this pid, or only
 * a zombie whose parent has not asked for its end. On Linux it is clock ticks since boot (fields 3 and 22 of
 * /proc/<pid>/stat, proc(5)) after the boot's id; elsewhere a live pid is all that can be told.
 */
function startOf(pid: number): string | null {
  if (process.platform === 'linux') {
    try {
      const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The second field, the program's name in brackets, may hold anything.
      const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
      if (/^[ZX]/i.test(fields[0] ?? '')) return null;
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      return `${boot}/${fields[19] ?? ''}`;
    } catch (error) {
      // ESRCH: the process ended between the opening of the file and its reading.
      if (['ENOENT', 'ESRCH'].includes(codeOf(error))) return null;
      throw error;
    }
  }
  try {
    process.kill(pid, 0);
    return 'alive';
  } catch (error) {
    return codeOf(error) === 'EPERM' ? 'alive' : null;
  }
}
