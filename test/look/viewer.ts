import axe, { type AxeResults } from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { signIn, type Look, type Visit } from './pages.js';
import type { Scene } from './scene.js';
import type { Theme, Width } from './runs.js';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** What Chromium and htmx note of an answer that is not a success: how a page is answered is compared with what was expected. */
const NOTED = /Failed to load resource|Response Status Error Code/;

/** The bar at the lower edge hides what can be scrolled from under it, which axe takes for too small a target. */
const LOOSEN_BAR = `{
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('.form-bar { position: static !important }');
  document.adoptedStyleSheets = [sheet];
}`;

export type Viewer = {
  /** Opens a page in a browser of somebody who reads `wanted`, to whom the portal answers in `shown`. */
  open(look: Look, wanted: string, shown?: string): Promise<Opened>;
};

type Opened = {
  page: Page;
  /** What is wrong with the page as it is shown so, one sentence each. */
  findings(theme: Theme, width: Width): Promise<string[]>;
  close(): Promise<void>;
};

/** Looks at pages with browsers of its own: a new one for each partner, and one for each member of staff and language. */
export function openViewer(browser: Browser, scene: Scene): Viewer {
  const staff = new Map<string, BrowserContext>();
  let clients = 0;

  async function newContext(locale: string): Promise<BrowserContext> {
    clients++;
    const context = await browser.newContext({
      locale,
      reducedMotion: 'reduce',
      // A client of its own, so that no limit is met.
      extraHTTPHeaders: { 'X-Forwarded-For': `198.19.${clients >> 8}.${clients & 255}` },
    });
    await context.addInitScript({ path: 'test/look/inPage.js' });
    return context;
  }

  async function staffContext(
    name: Exclude<Look['as'], 'partner'>,
    language: string,
  ): Promise<BrowserContext> {
    const key = `${name} ${language}`;
    const known = staff.get(key);
    if (known) return known;
    const context = await newContext(language);
    staff.set(key, context);
    const page = await context.newPage();
    await signIn(visitOf(page, scene), name);
    await page.close();
    return context;
  }

  return {
    async open(look, wanted, shown = wanted) {
      const context = await (look.as === 'partner' ? newContext(wanted) : staffContext(look.as, wanted));
      const page = await context.newPage();
      const watched = watch(page);
      await look.open(visitOf(page, scene));
      await page.waitForLoadState();
      const expected = look.status ?? 200;
      return {
        page,
        async findings(theme, width) {
          await page.emulateMedia({ colorScheme: theme });
          await page.setViewportSize({ width, height: 900 });
          await page.evaluate(LOOSEN_BAR);
          const answered =
            watched.status() === expected ? [] : [`answered with ${watched.status()}, not ${expected}`];
          return [...answered, ...watched.complaints, ...(await lookAt(page, shown))];
        },
        close: () => (look.as === 'partner' ? context.close() : page.close()),
      };
    },
  };
}

function visitOf(page: Page, scene: Scene): Visit {
  const go = async (path: string) => {
    await page.goto(scene.portal.url + path);
  };
  return { page, scene, go };
}

function watch(page: Page): { complaints: string[]; status: () => number } {
  const complaints: string[] = [];
  let status = 0;
  page.on('response', (response) => {
    if (response.request().isNavigationRequest() && response.frame() === page.mainFrame())
      status = response.status();
  });
  page.on('console', (message) => {
    if (message.type() === 'error' && !NOTED.test(message.text()))
      complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  return { complaints, status: () => status };
}

async function lookAt(page: Page, language: string): Promise<string[]> {
  const found = await page.evaluate<string[]>('[...look.sideways(), ...look.headings()]');
  const shown = new Intl.Locale((await page.getAttribute('html', 'lang')) ?? 'und').maximize();
  const wanted = new Intl.Locale(language).maximize();
  if (shown.language !== wanted.language || shown.script !== wanted.script)
    found.push(`lang is ${shown.toString()}`);
  // A mark of focus is shown to those who use the keyboard.
  await page.keyboard.press('Tab');
  found.push(...(await page.evaluate<string[]>('look.unmarked(false)')));
  return [...found, ...(await axeFindings(page))];
}

async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const options = { runOnly: { type: 'tag', values: RULES }, resultTypes: ['violations'] };
  const { violations } = await page.evaluate<AxeResults>(`axe.run(document, ${JSON.stringify(options)})`);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => {
      const why =
        failureSummary
          ?.split('\n')
          .slice(1)
          .map((line) => line.trim())
          .join('; ') ?? '';
      return `${id}: ${target.join(' ')}: ${why}`;
    }),
  );
}
