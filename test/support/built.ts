import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { keptFolder, keyOf } from './kept.js';

// Tests start commands and servers dozens of times, and TypeScript would be loaded and asked at each start.

const CONFIGS = ['tsconfig.json', 'tsconfig.build.json'];
let building: Promise<string> | undefined;

/** The path of a script, named by its place in `src` without the ending (`cli/audit`), compiled from today's sources. */
export async function built(script: string): Promise<string> {
  building ??= build();
  return join(await building, `${script}.js`);
}

async function build(): Promise<string> {
  const entries = await readdir('src', { recursive: true, withFileTypes: true });
  const sources = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
  const key = await keyOf([...CONFIGS, 'node_modules/typescript/package.json', ...sources.sort()]);
  // In the project's folder, whose package.json says that these are modules.
  return resolve(await keptFolder('.test-build', 'src', key, compile));
}

/** As `npm run build` does, but for the types: those are checked by `npm run lint`. */
async function compile(folder: string): Promise<void> {
  const tsc = [
    'node_modules/typescript/bin/tsc',
    '-p',
    'tsconfig.build.json',
    '--noCheck',
    '--outDir',
    folder,
  ];
  await promisify(execFile)(process.execPath, tsc);
}
