import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const OLD_MS = 7 * 86_400_000;

/** A short name for what these texts and the contents of these files are together. */
export async function keyOf(paths: string[], ...texts: string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(`${path}\0`).update(await readFile(path));
  for (const text of texts) hash.update(`${text}\0`);
  return hash.digest('hex').slice(0, 16);
}

/**
 * The folder `parent`/`kind`-`key`, which is made when it is first asked for; whoever asks at the same time makes one too, and
 * the first to have it ready wins. What went by other keys is removed when a week old.
 */
export async function keptFolder(
  parent: string,
  kind: string,
  key: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const kept = join(parent, `${kind}-${key}`);
  if (existsSync(kept)) return kept;
  const draft = `${kept}.${randomBytes(4).toString('hex')}`;
  await mkdir(draft, { recursive: true });
  await make(draft);
  await rename(draft, kept).catch(async (error: unknown) => {
    // Another worker was faster.
    if (!existsSync(kept)) throw error;
    await rm(draft, { recursive: true });
  });
  await removeOld(parent, `${kind}-`);
  return kept;
}

async function removeOld(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    const made = await stat(path).catch(() => null);
    if (made && made.mtimeMs < Date.now() - OLD_MS) await rm(path, { recursive: true, force: true });
  }
}
