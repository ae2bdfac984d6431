import { readFileSync } from 'node:fs';
import { validate } from 'dockerfile-utils';
import { copiesOf, environmentOf, programOf, stagesOf } from '../support/dockerfile.js';

const text = readFileSync('Dockerfile', 'utf8');
const stages = stagesOf(text);
const image = stages.at(-1) ?? [];
const all = (name: string) => stages.flat().filter((instruction) => instruction.name === name);
const one = (name: string) => {
  const found = image.filter((instruction) => instruction.name === name);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} ${name} in the last stage`);
  return found[0];
};

/** What an allow-list lets through: paths, each with all that is in it. */
const [first, ...entries] = readFileSync('.dockerignore', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const allowed = entries.map((line) => line.replace(/^!/, ''));
const reaches = (path: string) => allowed.some((entry) => path === entry || path.startsWith(`${entry}/`));

describe('the Dockerfile', () => {
  test('has nothing that the linter minds', () => {
    expect(validate(text)).toEqual([]);
  });

  test('builds on images of a named version, the same for building and for running', () => {
    expect(new Set(all('FROM').map(({ words }) => words.replace(/ AS \w+$/, '')))).toEqual(
      new Set(['node:24-trixie-slim']),
    );
  });

  test('fetches nothing but packages of the lock file, and runs no install script of its own making', () => {
    expect(all('ADD')).toEqual([]);
    expect(all('RUN').filter(({ words }) => /curl|wget|apt|npm (i|install)\b/.test(words))).toEqual([]);
    expect(all('RUN')[0]?.words).toMatch(/^npm ci\b/);
  });

  test('leaves out of what runs all that only building and testing take', () => {
    expect(all('RUN').find(({ words }) => words.includes('npm run build'))?.words).toContain(
      'npm prune --omit=dev --omit=optional',
    );
    expect(image.filter(({ name }) => name === 'RUN')).toHaveLength(1);
  });

  test('runs as somebody who is not root, from the last word on who runs it', () => {
    expect(one('USER').words).toBe('node');
    const after = image.slice(image.indexOf(one('USER'))).map(({ name }) => name);
    expect(after).not.toContain('RUN');
    expect(after).not.toContain('COPY');
  });

  test('gives the code to root, and only the two folders of data to who runs it', () => {
    expect(all('COPY').filter(({ flags }) => flags.some((flag) => /^--ch(own|mod)/.test(flag)))).toEqual([]);
    const { DATA_DIR = '', POLICY_FILE = '' } = environmentOf(image);
    const folders = [DATA_DIR, POLICY_FILE.replace(/\/[^/]*$/, '')];
    expect(one('RUN').words).toBe(`install -d -o node -g node -m 0700 ${folders.join(' ')}`);
  });

  test('holds no secret', () => {
    expect(Object.keys(environmentOf(image))).toEqual(['NODE_ENV', 'PORT', 'DATA_DIR', 'POLICY_FILE']);
    expect(all('ARG')).toEqual([]);
  });

  test('asks whether the process lives, with a program of its own, and never whether it is ready', () => {
    const { words } = one('HEALTHCHECK');
    expect(programOf(one('HEALTHCHECK'))[0]).toBe('node');
    expect(words).toContain('/healthz');
    expect(words).not.toContain('/readyz');
  });

  test('starts without a shell in between, so that the signal to stop arrives', () => {
    expect(programOf(one('CMD'))).toEqual(['sh', '-c', expect.stringMatching(/&& exec node \S+$/) as string]);
    expect(one('STOPSIGNAL').words).toBe('SIGTERM');
  });
});

describe('the build context', () => {
  test('is an allow-list', () => {
    expect(first).toBe('*');
    for (const line of entries) expect(line).toMatch(/^![\w./-]+$/);
  });

  test.each([
    '.env',
    '.git/config',
    '.data/store',
    'node_modules/pg',
    'dist/server.js',
    'policies/partners.json',
  ])('leaves %s out', (path) => {
    expect(reaches(path)).toBe(false);
  });

  test('is what the Dockerfile copies, no more and no less', () => {
    const copied = stages
      .flatMap(copiesOf)
      .filter(({ from }) => from === null)
      .flatMap(({ sources }) => sources);
    expect([...allowed].sort()).toEqual([...new Set(copied)].sort());
  });
});
