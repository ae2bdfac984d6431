import { execFile } from 'node:child_process';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { built } from '../support/built.js';
import { copiesOf, type Instruction } from '../support/dockerfile.js';

const run = promisify(execFile);

/**
 * Lays out in `folder` what the last stage of the Dockerfile has in its WORKDIR, without an engine: the packages are those that
 * `npm prune --omit=dev --omit=optional` leaves, taken from the installed ones, and `dist` is what the build makes.
 *
 * @param folder outside the project: else Node would find the packages for development there
 */
export async function layOutImage(stage: Instruction[], folder: string): Promise<void> {
  for (const { from, sources, target } of copiesOf(stage)) {
    for (const source of sources) {
      const to = target.endsWith('/') ? join(folder, target, source) : join(folder, target);
      await mkdir(dirname(to), { recursive: true });
      if (from === null) await cp(source, to, { recursive: true });
      else if (source.endsWith('/node_modules')) await copyPackages(to);
      else await copyBuild(to);
    }
  }
}

/** What `npm run build` writes: the style sheets and scripts too, which every run of the tests builds first. */
async function copyBuild(target: string): Promise<void> {
  await cp(dirname(await built('server')), target, { recursive: true });
  await cp('dist/public', join(target, 'public'), { recursive: true });
}

/** Copies, not links: whatever a test does to them must not reach the packages that are installed. */
async function copyPackages(target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  await run('cp', ['-a', '--parents', ...(await productionPackages()), target], { cwd: 'node_modules' });
}

type LockFile = { packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean }> };

/** Their places below `node_modules`; a package comes with those inside it. `devOptional` is what both of the other kinds want. */
async function productionPackages(): Promise<string[]> {
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as LockFile;
  return Object.entries(packages)
    .filter(([path, { dev, optional, devOptional }]) => path !== '' && !dev && !optional && !devOptional)
    .map(([path]) => path.slice('node_modules/'.length))
    .filter((path) => !path.includes('/node_modules/'));
}
