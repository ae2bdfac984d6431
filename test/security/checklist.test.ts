import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

// The lines of OWASP ASVS 5.0.0 that the portal is checked against. Each has at least one test, wherever in `test`, whose name
// has its number; a line that loses its last one is missed here.

const LINES = [
  ['1.2.1', '1.2.2', '1.2.10', '1.3.6', '1.3.11', '1.3.12', '1.5.3'],
  ['2.3.1', '2.3.3', '2.3.4', '2.4.1'],
  ['3.3.1', '3.4.1', '3.4.3', '3.5.1', '3.5.3', '3.7.2'],
  ['4.1.3'],
  ['6.3.8', '6.5.1', '6.5.2', '6.5.3', '6.5.5', '6.6.2', '6.6.3', '6.6.4', '6.8.1', '6.8.4'],
  ['7.2.3', '7.2.4', '7.3.1', '7.3.2', '7.4.1', '7.4.2'],
  ['8.2.1', '8.2.2', '8.3.1'],
  ['9.1.1', '10.2.1'],
  ['13.2.2', '13.3.1', '13.4.1', '13.4.5', '13.4.6'],
  ['14.2.1', '14.2.6', '14.2.7', '14.3.2'],
  ['15.3.3', '15.3.5', '15.3.6', '15.3.7', '15.4.2'],
  ['16.2.5', '16.3.1', '16.3.2', '16.4.1', '16.4.2', '16.5.1', '16.5.2', '16.5.3'],
];

/** What cannot be checked yet, because what it is about does not exist. */
const LATER: Record<string, string> = {
  '5.2': 'files that are uploaded: people in bulk, as CSV',
};

test('each line has a test that names it', async () => {
  const files = (await readdir('test', { recursive: true })).filter((name) => name.endsWith('.test.ts'));
  const sources = await Promise.all(files.map((name) => readFile(join('test', name), 'utf8')));
  // A name begins with its numbers: '3.4.1-3.4.8 every answer', '2.3.4 6.5.1 a submission'.
  const numbers = sources.flatMap((source) =>
    [...source.matchAll(/(?:test|it|describe|\)|^ *)\(?['"`]((?:\d+\.\d+\.\d+[- ])+)/gm)].flatMap(
      ([, found = '']) => found.trim().split(/[- ]/),
    ),
  );
  expect(LINES.flat().filter((line) => !numbers.includes(line))).toEqual([]);
});

test('what is left for later has nothing to be checked: no route takes a file', async () => {
  expect(Object.keys(LATER)).toEqual(['5.2']);
  const routes = await readFile('src/pages/index.ts', 'utf8');
  expect(routes).not.toMatch(/bulk|upload|multer|busboy/);
});
