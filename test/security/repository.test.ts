import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

// What must not be found in the repository, nor in what is packed from it.

/** Shapes of secrets that have no business in a repository. */
const SHAPES: [what: string, shape: RegExp][] = [
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['a token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\./],
  ['a client secret of Entra', /\b[\w~.-]{3}[78]Q~[\w~.-]{31,34}\b/],
  ['a key of Azure', /\b[A-Za-z0-9+/]{86}==/],
  ['a connection string', /(Account|SharedAccess)Key=|DefaultEndpoints[P]rotocol=/],
  [
    'a password in an address',
    /\b(postgres(ql)?|smtps?|https?):\/\/[\w.-]+:(?!hunter2|p%40ss|secret|password|\$|…|\.\.\.)(?!\d+@)[^@\s:/'"`<>]{4,}@(?!localhost|127\.)/,
  ],
  ['a token of GitHub or npm', /\b(gh[pousr]_\w{36}|npm_\w{36})\b/],
];

test('13.3.1 no secret is in the repository or in what is packed from it', async () => {
  const run = promisify(execFile);
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    maxBuffer: 16e6,
  });
  const files = stdout
    .split('\0')
    .filter((name) => name !== '' && !/\.(png|svg|ico)$|package-lock/.test(name));
  expect(files.length).toBeGreaterThan(300);
  for (const name of files) {
    const text = await readFile(name, 'utf8').catch(() => '');
    for (const [what, shape] of SHAPES)
      expect([name, what, shape.exec(text)?.[0]]).toEqual([name, what, undefined]);
  }
  expect(files.filter((name) => /(^|\/)\.env$|\.pem$|\.pfx$|\.key$/.test(name))).toEqual([]);
});

test('13.3.1 no secret is in the example settings', async () => {
  const example = await readFile('.env.example', 'utf8');
  for (const [line, value = ''] of example.matchAll(/^#?\s*\w*SECRET\w*=(.*)$/gm)) {
    expect([line, value.trim().length < 32]).toEqual([line, true]);
  }
});
