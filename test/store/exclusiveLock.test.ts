import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { LockedError, takeExclusiveLock } from '../../src/store/exclusiveLock.js';
import { waitFor } from '../support/waitFor.js';

let folder: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  path = join(folder, 'store.lock');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

/** Waits for a line, takes the lock, says how that went, and stays. */
const TAKER = `
  import { once } from 'node:events';
  import { takeExclusiveLock } from './src/store/exclusiveLock.ts';
  console.log('here');
  await once(process.stdin, 'data');
  await takeExclusiveLock(process.argv[1], 'The store').then(
    () => console.log('taken'),
    (error) => console.log(error.name),
  );
  setInterval(() => undefined, 60_000);
`;

/** A process that takes the lock once it is told to. */
async function startTaker() {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', TAKER, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: Interface = createInterface(child.stdout);
  const next = async () => ((await once(lines, 'line')) as [string])[0];
  await next();
  return {
    child,
    take() {
      const outcome = next();
      child.stdin.write('now\n');
      return outcome;
    },
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

const take = () => takeExclusiveLock(path, 'The store');
const files = () => readdir(folder);

async function owner(number: number): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(`${path}.${number}`, 'utf8')) as Record<string, unknown>;
}

test('a lock that another process holds is refused, by a message that names what it protects', async () => {
  const taker = await startTaker();
  expect(await taker.take()).toBe('taken');
  await expect(take()).rejects.toThrow(LockedError);
  await expect(take()).rejects.toThrow(/^The store is in use by another portal process\./);
});

test('a lock is refused to its own process too', async () => {
  const lock = await take();
  await expect(take()).rejects.toThrow(LockedError);
  await lock.release();
});

test('a killed process does not keep its lock', async () => {
  const taker = await startTaker();
  await taker.take();
  await end(taker.child, 'SIGKILL');
  await (await take()).release();
});

test('nor does one that is dead and whose parent has not noticed', async () => {
  const go = join(folder, 'go');
  await writeFile(go, 'now\n');
  const script = `"$0" --import tsx --input-type=module -e "$1" "$2" <"$3" & exec sleep 60`;
  children.push(spawn('sh', ['-c', script, process.execPath, TAKER, path, go], { stdio: 'ignore' }));
  const pid = await waitFor('the lock to be taken', () =>
    owner(1).then(
      (held) => held.pid as number,
      () => null,
    ),
  );
  process.kill(pid, 'SIGKILL');
  const lock = await waitFor('the lock to be free', () => take().catch(() => null));
  await lock.release();
});

test('a released lock is free, and its file stays so that the numbers go on', async () => {
  const first = await take();
  await first.release();
  expect(await files()).toEqual(['store.lock.1']);
  const second = await take();
  expect(await files()).toEqual(['store.lock.2']);
  await second.release();
});

test('a later process with the same pid is not mistaken for the owner', async () => {
  const lock = await take();
  const held = await owner(1);
  await lock.release();
  await writeFile(`${path}.1`, JSON.stringify({ ...held, started: 'before the last restart' }));
  await (await take()).release();
});

test('an owner on another machine keeps it as long as it gives signs of life', async () => {
  const file = `${path}.1`;
  await writeFile(file, JSON.stringify({ host: 'elsewhere', pid: process.pid, started: 'x' }));
  const beat = setInterval(() => void utimes(file, new Date(), new Date()), 1_000);
  await expect(take()).rejects.toThrow(LockedError);
  clearInterval(beat);
});

test('one that gives none is waited for, until half a minute of silence is over', async () => {
  const file = `${path}.1`;
  await writeFile(file, JSON.stringify({ host: 'elsewhere', pid: process.pid, started: 'x' }));
  const past = new Date(Date.now() - 28_500);
  await utimes(file, past, past);
  const lock = await take();
  expect(Date.now() - past.getTime()).toBeGreaterThanOrEqual(30_000);
  await lock.release();
});

test.each(['', '{"host":', '\0\0\0\0'])(
  'a file that holds %j is one that is being written, or never will be',
  async (text) => {
    await writeFile(`${path}.1`, text);
    await expect(take()).rejects.toThrow(LockedError);
    const past = new Date(Date.now() - 6_000);
    await utimes(`${path}.1`, past, past);
    await (await take()).release();
  },
);

test('of several that race for the lock of a dead process one gets it', async () => {
  const [dead, ...racers] = await Promise.all(Array.from({ length: 4 }, startTaker));
  if (!dead) throw new Error('There is nobody to die');
  await dead.take();
  await end(dead.child, 'SIGKILL');
  const outcomes = await Promise.all(racers.map((racer) => racer.take()));
  expect(outcomes.sort()).toEqual(['LockedError', 'LockedError', 'taken']);
});

test('of many that race in one process one gets it, round after round', async () => {
  for (let round = 0; round < 20; round++) {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, take));
    const taken = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(taken).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(LockedError);
    }
    await taken[0]?.release();
  }
});
