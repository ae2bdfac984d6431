import { readdir, readFile } from 'node:fs/promises';

// The lines of OWASP ASVS 5.0.0 that the portal is checked against, and where. Each has at least one test whose name begins with
// its number; a line that loses its last one is missed here.

const CHAPTERS: Record<string, string[]> = {
  '01-encoding': ['1.2.1', '1.2.2', '1.2.10', '1.3.6', '1.3.11', '1.3.12', '1.5.3'],
  '02-businessLogic': ['2.3.1', '2.3.3', '2.3.4', '2.4.1'],
  '03-browser': ['3.3.1', '3.4.1', '3.4.3', '3.5.1', '3.5.3', '3.7.2'],
  '04-web': ['4.1.3'],
  '06-authentication': [
    '6.3.8',
    '6.5.1',
    '6.5.2',
    '6.5.3',
    '6.5.5',
    '6.6.2',
    '6.6.3',
    '6.8.1',
    '9.1.1',
    '10.2.1',
  ],
  '07-session': ['7.2.3', '7.2.4', '7.3.1', '7.3.2', '7.4.1', '7.4.2'],
  '08-authorization': ['8.2.1', '8.2.2', '8.3.1'],
  '13-configuration': ['13.2.2', '13.3.1', '13.4.1', '13.4.5', '13.4.6'],
  '14-dataProtection': ['14.2.1', '14.2.6', '14.2.7', '14.3.2'],
  '15-coding': ['15.3.3', '15.3.5', '15.3.6', '15.3.7', '15.4.2'],
  '16-logging': ['16.2.5', '16.3.1', '16.3.2', '16.4.1', '16.4.2', '16.5.1', '16.5.2', '16.5.3'],
};

/** What cannot be checked yet, because what it is about does not exist. */
const LATER: Record<string, string> = {
  '5.2': 'files that are uploaded: people in bulk, as CSV',
};

test.each(Object.keys(CHAPTERS))('every line of chapter %s has a test that names it', async (chapter) => {
  const source = await readFile(`test/security/${chapter}.test.ts`, 'utf8');
  const named = new Set([...source.matchAll(/['"`](\d+\.\d+\.\d+)(?:-[\d.]+)? /g)].map(([, line]) => line));
  expect(CHAPTERS[chapter]?.filter((line) => !named.has(line))).toEqual([]);
});

test('every chapter is listed', async () => {
  const files = (await readdir('test/security')).filter((name) => /^\d.*\.test\.ts$/.test(name));
  expect(files.sort()).toEqual(Object.keys(CHAPTERS).map((chapter) => `${chapter}.test.ts`));
});

test('what is left for later has nothing to be checked: no route takes a file', async () => {
  expect(Object.keys(LATER)).toEqual(['5.2']);
  const routes = await readFile('src/pages/index.ts', 'utf8');
  expect(routes).not.toMatch(/bulk|upload|multer|busboy/);
});
