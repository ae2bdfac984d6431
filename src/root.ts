import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The project's folder, with views, locales and public files: the same from `src` and from the compiled code. */
export const root = projectOf(import.meta.dirname);

function projectOf(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`${import.meta.dirname} is in no folder with a package.json`);
  return projectOf(parent);
}
