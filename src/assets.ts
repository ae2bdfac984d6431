import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { root } from './root.js';

const FOLDER = join(root, 'dist/public');
const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A style sheet, script or image as browsers load it, plain and packed. */
export type Asset = { type: string } & Record<'identity' | 'br' | 'gzip', Buffer>;

export type Assets = {
  /** By the name that it has in `public`: where a page finds it. */
  addressOf: (name: string) => string;
  /** By the built name; `current` is false for the successor of a file that another version of the portal names. */
  find: (file: string) => { asset: Asset; current: boolean } | undefined;
};

/** The style sheets and scripts are not there: a message to the operator. */
export class MissingAssets extends Error {
  override name = 'MissingAssets';
}

/**
 * Reads what `npm run assets` has written into memory: it is small, and no file that goes away later can hurt.
 *
 * @throws {MissingAssets}
 */
export function readAssets(): Assets {
  const built = readManifest();
  const files = new Map(
    readdirSync(FOLDER)
      .filter((file) => TYPES[extname(file)] !== undefined)
      .map((file) => [file, readAsset(file)]),
  );
  return {
    addressOf(name) {
      const file = built[name];
      if (file === undefined) throw new Error(`There is no ${name} in public`);
      return `/assets/${file}`;
    },
    find(file) {
      const asset = files.get(file);
      if (asset) return { asset, current: true };
      const source = file.replace(/(\.min)?\.[A-Z0-9]{8}(?=\.\w+$)/, '');
      const successor = source === file ? undefined : files.get(built[source] ?? '');
      return successor && { asset: successor, current: false };
    },
  };
}

function readManifest(): Record<string, string> {
  try {
    return JSON.parse(readFileSync(join(FOLDER, 'manifest.json'), 'utf8')) as Record<string, string>;
  } catch (error) {
    throw new MissingAssets(
      `The style sheets and scripts in ${FOLDER} are not built: npm run build, or npm run assets.`,
      { cause: error },
    );
  }
}

function readAsset(file: string): Asset {
  const read = (suffix: string) => readFileSync(join(FOLDER, `${file}${suffix}`));
  return { type: TYPES[extname(file)] ?? '', identity: read(''), br: read('.br'), gzip: read('.gz') };
}
