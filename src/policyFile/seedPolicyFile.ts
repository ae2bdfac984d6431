import { lstat, mkdir, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { codeOf } from '../codeOf.js';
import { replaceFile } from './replaceFile.js';
import { policyJsonSchema } from '../policy/schema.js';

/** How long to wait for another process that is writing the file. Writing takes milliseconds: after this, it was killed. */
const WAIT_MS = 10_000;
const LOOK_EVERY_MS = 50;

/**
 * Writes a policy file where there is none, and next to it the JSON Schema that its `$schema` names. Never touches an existing
 * file. Several processes may do this at once, on a share too: a folder is the lock, because on every file system only one
 * process can make it, and shares do not support hard links.
 *
 * @returns whether this call wrote it
 * @throws Error of the file system (EACCES, EROFS, ENOSPC …)
 */
export async function seedPolicyFile(
  path: string,
  text: string,
  { waitMs = WAIT_MS } = {},
): Promise<boolean> {
  if (await isThere(path)) return false;
  await mkdir(dirname(path), { recursive: true });
  const lock = join(dirname(path), `.${basename(path)}.init`);
  await take(lock, waitMs);
  try {
    // The policy comes last: once it is there, all of it is.
    const schema = join(dirname(path), 'policy.schema.json');
    await writeMissing(schema, `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
    return await writeMissing(path, text);
  } finally {
    await release(lock);
  }
}

async function writeMissing(path: string, text: string): Promise<boolean> {
  if (await isThere(path)) return false;
  // A power cut may undo it; the next start then writes it again.
  await replaceFile(path, text);
  return true;
}

/** A symbolic link that leads nowhere counts as there: it was made on purpose. */
async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Waits by this process's own clock: a share's may differ. */
async function take(lock: string, waitMs: number): Promise<void> {
  let since = performance.now();
  while (!(await makeFolder(lock))) {
    if (performance.now() - since > waitMs) {
      await release(lock);
      since = performance.now();
    }
    await setTimeout(LOOK_EVERY_MS);
  }
}

async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Another process may have stopped waiting and removed it. */
async function release(lock: string): Promise<void> {
  try {
    await rmdir(lock);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
