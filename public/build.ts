import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { build } from 'esbuild';
import { root } from '../src/root.js';

// npm run assets: writes what browsers load into dist/public. Each name has a hash of the content, so that browsers keep the file
// for good, and packed copies lie beside it. `manifest.json` has the built name of each source, and is written last. Files of
// earlier builds stay, since a portal that starts meanwhile may read them.

const sources = join(root, 'public');
const built = join(root, 'dist/public');
/** A style sheet is put together from its parts, which are in folders. */
const ours = (await readdir(sources))
  .filter((name) => ['.css', '.js', '.svg'].includes(extname(name)))
  .map((name) => join(sources, name));

const { outputFiles, metafile } = await build({
  entryPoints: [...ours, join(root, 'node_modules/htmx.org/dist/htmx.min.js')],
  absWorkingDir: root,
  outdir: built,
  outbase: sources,
  entryNames: '[name].[hash]',
  // What came minified is left alone.
  loader: { '.svg': 'copy', '.min.js': 'copy' },
  bundle: true,
  minify: true,
  metafile: true,
  write: false,
  target: ['chrome111', 'firefox113', 'safari16.4'],
  logLevel: 'warning',
});

await mkdir(built, { recursive: true });
for (const { path, contents } of outputFiles) {
  await replace(path, contents);
  await replace(`${path}.br`, await promisify(brotliCompress)(contents));
  await replace(`${path}.gz`, await promisify(gzip)(contents, { level: 9 }));
}
const names = Object.entries(metafile.outputs).map(([path, { entryPoint, inputs }]) => {
  const source = entryPoint ?? Object.keys(inputs)[0] ?? '';
  return [basename(source).replace('.min.', '.'), basename(path)];
});
await replace(join(built, 'manifest.json'), `${JSON.stringify(Object.fromEntries(names), null, 2)}\n`);

/** Whole or not at all: others may read it meanwhile. */
async function replace(path: string, content: Uint8Array | string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, content);
  await rename(draft, path);
}
