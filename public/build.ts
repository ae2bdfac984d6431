import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { build } from 'esbuild';
import { root } from '../src/root.js';

// npm run assets: writes what browsers load into dist/public. Each name has a hash of the content, so that browsers keep the file
// for good, and packed copies lie beside it. `manifest.json` has the built name of each source.

const sources = join(root, 'public');
const built = join(root, 'dist/public');
/** A style sheet is put together from its parts, which are in folders. */
const ours = (await readdir(sources))
  .filter((name) => ['.css', '.js', '.svg'].includes(extname(name)))
  .map((name) => join(sources, name));

const { outputs } = (
  await build({
    entryPoints: [...ours, join(root, 'node_modules/htmx.org/dist/htmx.min.js')],
    outdir: built,
    outbase: sources,
    entryNames: '[name].[hash]',
    // What came minified is left alone.
    loader: { '.svg': 'copy', '.min.js': 'copy' },
    bundle: true,
    minify: true,
    metafile: true,
    target: ['chrome111', 'firefox113', 'safari16.4'],
    logLevel: 'warning',
  })
).metafile;

const manifest: Record<string, string> = {};
for (const [path, { entryPoint, inputs }] of Object.entries(outputs)) {
  const [source = ''] = entryPoint ? [entryPoint] : Object.keys(inputs);
  const file = join(built, basename(path));
  const content = await readFile(file);
  await writeFile(`${file}.br`, await promisify(brotliCompress)(content));
  await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 }));
  manifest[basename(source).replace('.min.', '.')] = basename(path);
}
await writeFile(join(built, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
