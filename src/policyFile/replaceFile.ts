import { randomUUID } from 'node:crypto';
import { access, constants, lstat, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { codeOf } from '../codeOf.js';

/** Whether a file can be replaced; if not, a code that pages put into words. */
export type Writable = { ok: true } | { ok: false; why: 'missing' | 'link' | 'mounted' | 'file' | 'folder' };

/**
 * Checks whether the portal may replace this file. Symbolic links are refused, because configuration is mounted that way
 * (Kubernetes switches such links), and a mount point cannot be renamed over. Network shares may promise more than they
 * keep, so a save can still fail.
 */
export async function writable(path: string): Promise<Writable> {
  const found = await lstat(path).catch(() => null);
  if (!found) return { ok: false, why: 'missing' };
  if (found.isSymbolicLink()) return { ok: false, why: 'link' };
  if (await isMountPoint(path)) return { ok: false, why: 'mounted' };
  if (!(await allows(path, constants.W_OK))) return { ok: false, why: 'file' };
  if (!(await allows(dirname(path), constants.W_OK | constants.X_OK))) return { ok: false, why: 'folder' };
  return { ok: true };
}

async function allows(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

// Linux only; other systems do not mount single files.
async function isMountPoint(path: string): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  // proc(5): the fifth field is the mount point, with spaces and backslashes in octal.
  const escaped = resolve(path).replace(
    /[ \t\n\\]/g,
    (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  return mounts.split('\n').some((line) => line.split(' ')[4] === escaped);
}

/**
 * Replaces a file's text in one step: every reader finds the whole old text or the whole new one, even after a crash or on a
 * full disk. Keeps the mode, and the owner where the process may set it.
 *
 * @param lastLook called when only the rename is left; if it throws, the old file stays in place
 * @returns why a power cut might still bring the old file back, or null; the new file is in place either way
 * @throws Error of the file system (ENOSPC, EROFS, EACCES …); the old file stays as it was
 */
export async function replaceFile(
  path: string,
  text: string,
  lastLook: () => Promise<void> = () => Promise.resolve(),
): Promise<{ unsynced: unknown }> {
  const folder = dirname(path);
  await removeLeftovers(path);
  const draft = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await writeDraft(draft, text, path);
    await lastLook();
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  // The file is replaced now, so a later failure must not look as if it was not.
  return syncFolder(folder).then(
    () => ({ unsynced: null }),
    (unsynced: unknown) => ({ unsynced }),
  );
}

async function writeDraft(draft: string, text: string, path: string): Promise<void> {
  const old = await stat(path).catch(() => null);
  const handle = await open(draft, 'wx', old ? old.mode & 0o777 : 0o666);
  try {
    await handle.writeFile(text);
    const fresh = await handle.stat();
    if (old && process.getuid?.() === 0 && (fresh.uid !== old.uid || fresh.gid !== old.gid)) {
      await handle.chown(old.uid, old.gid);
    }
    // The umask may have removed bits. Shares without modes refuse changes, and show the same mode for all files.
    if (old && (fresh.mode & 0o777) !== (old.mode & 0o777)) await handle.chmod(old.mode & 0o777);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The rename survives a power cut only once the folder is on disk. Not every share supports that. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EPERM'].includes(codeOf(error))) throw error;
  } finally {
    await handle.close();
  }
}

/** No save takes this long: an older draft was left by a process that was killed. */
const LEFTOVER_MS = 10 * 60_000;

async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  const drafts = (await readdir(folder)).filter(
    (name) => name.startsWith(`.${basename(path)}.`) && name.endsWith('.tmp'),
  );
  for (const name of drafts) {
    const found = await stat(join(folder, name)).catch(() => null);
    if (found && Date.now() - found.mtimeMs > LEFTOVER_MS) await rm(join(folder, name), { force: true });
  }
}
