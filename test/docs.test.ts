import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import MarkdownIt from 'markdown-it';
import { DOCTOR_PERMISSIONS, PERMISSIONS } from '../src/graph/permissions.js';
import { validatePolicy } from '../src/policy/validate.js';
import { settings } from '../src/settings.js';

// Prose goes stale in silence. What can be checked by a machine is checked here.

const read = (path: string) => readFileSync(path, 'utf8');
const matches = (text: string, shape: RegExp) => [...text.matchAll(shape)].map(([, found = '']) => found);

/** Every Markdown file that is committed, or about to be. */
const PAGES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'])
  .toString()
  .split('\n')
  .filter((path) => existsSync(path) && statSync(path).isFile());

const markdown = new MarkdownIt();
const inlinesOf = (page: string) =>
  markdown
    .parse(read(page), {})
    .flatMap((token, index, all) =>
      token.type === 'inline' ? [{ token, heading: all[index - 1]?.type === 'heading_open' }] : [],
    );

function linksIn(page: string): string[] {
  const parts = inlinesOf(page).flatMap(({ token }) => token.children ?? []);
  return parts.flatMap((part) => part.attrGet('href') ?? part.attrGet('src') ?? []);
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsIn(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const { token } of inlinesOf(page).filter(({ heading }) => heading)) {
    const words = (token.children ?? []).map(({ content }) => content).join('');
    const anchor = words
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let name = anchor;
    for (let more = 1; anchors.has(name); more++) name = `${anchor}-${more}`;
    anchors.add(name);
  }
  return anchors;
}

/** Whether a relative link leads to a file or folder, and to a heading in it where it names one. */
function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = decodeURI(link).split('#');
  const target = path === '' ? page : join(dirname(page), path);
  return existsSync(target) && (anchor === undefined || anchorsIn(target).has(anchor));
}

test('every picture is shown, and small enough for a slow line', () => {
  const shown = new Set(PAGES.flatMap((page) => linksIn(page).map((link) => join(dirname(page), link))));
  const pictures = readdirSync('docs/images').map((name) => join('docs/images', name));
  expect(pictures.filter((path) => !shown.has(path))).toEqual([]);
  expect(pictures.filter((path) => statSync(path).size > 100_000)).toEqual([]);
});

test.each(PAGES)('every relative link in %s leads to a file, and to a heading in it', (page) => {
  const relative = linksIn(page).filter((link) => !/^[a-z]+:/i.test(link));
  expect(relative.filter((link) => !leadsSomewhere(page, link))).toEqual([]);
});

test('the README has at most 8 KB', () => {
  expect(statSync('README.md').size).toBeLessThanOrEqual(8 * 1024);
});

test('every page in docs stands in the index', () => {
  const listed = linksIn('docs/README.md').map((link) => join('docs', link));
  const pages = PAGES.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== 'docs/README.md');
  expect(pages.filter((page) => !listed.includes(page))).toEqual([]);
});

test('every decision stands in the list of decisions', () => {
  const listed = new Set(linksIn('docs/decisions/README.md').map((link) => join('docs/decisions', link)));
  expect([...listed].sort()).toEqual(PAGES.filter((page) => /^docs\/decisions\/\d{4}-/.test(page)).sort());
});

test.each(PAGES)('every command in %s exists', (page) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = matches(read(page), /\bnpm run ([a-z][\w:-]*)/g);
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  const programs = matches(read(page), /\bnode dist\/([\w/]+)\.js\b/g);
  expect(programs.filter((name) => !existsSync(`src/${name}.ts`))).toEqual([]);
});

test.each(['README.md', 'docs/policy.md'])(
  'the JSON in %s is JSON, and a whole policy is a good one',
  async (page) => {
    const blocks = markdown.parse(read(page), {}).filter(({ info }) => info === 'json');
    expect(blocks.length).toBeGreaterThan(0);
    for (const { content } of blocks) {
      // Parts of a policy are shown with their name, without the braces around them.
      const value = JSON.parse(content.startsWith('{') ? content : `{${content}}`) as object;
      if (!('version' in value)) continue;
      expect(await validatePolicy(content)).toMatchObject({ ok: true });
    }
  },
);

describe('every setting', () => {
  // App Service sets these; nobody else does.
  const known = Object.keys(settings.shape).filter((name) => !name.startsWith('IDENTITY_'));

  test.each([
    { page: 'docs/settings.md', shape: /^\| `([A-Z_]+)`/gm },
    { page: '.env.example', shape: /^#?([A-Z_]+)=/gm },
  ])('stands in $page once', ({ page, shape }) => {
    expect(matches(read(page), shape).sort()).toEqual(known.sort());
  });
});

test('docs/registration.md names exactly the committed permissions', () => {
  const named = matches(read('docs/registration.md'), /`([A-Z]\w+(?:\.\w+)+\.All)`/g);
  const committed = [...PERMISSIONS.map(({ name }) => name), ...DOCTOR_PERMISSIONS];
  expect([...new Set(named)].sort()).toEqual([...new Set(committed)].sort());
});
