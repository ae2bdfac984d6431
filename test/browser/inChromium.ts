import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { chromiumPath, launchChromium } from '../support/browsers.js';
import { openSite, type PortalProcess, type Site, type SiteOptions } from '../process/portalProcess.js';

/** A form with faults is answered with 422, a stale one with 409, a sign-in that does not do with 403, which Chromium notes in the console. */
const EXPECTED =
  /(Failed to load resource: the server responded with a status of|^Response Status Error Code) (403|409|422)/;

/** A portal as a process of its own beside its tenant, and a browser for a person who walks through it. */
export type Walk = {
  site: Site;
  portal: PortalProcess;
  /** Opens a browser with nothing in it; the one before is closed. What it complains about fails the test. */
  openPage: (options?: BrowserContextOptions) => Promise<Page>;
};

/** Runs tests in Chromium; they are shown as skipped where there is none. */
export function inChromium(options: SiteOptions, walks: (walk: () => Walk) => void): void {
  if (!chromiumPath) {
    it.skip('is skipped: no Chromium on the PATH, nor in CHROMIUM', () => undefined);
    return;
  }
  describe('in Chromium', () => {
    let walk: Walk;
    let browser: Browser;
    let context: BrowserContext | undefined;
    let complaints: string[] = [];

    beforeAll(async () => {
      const [site, launched] = await Promise.all([openSite(options), launchChromium()]);
      browser = launched;
      walk = { site, portal: await site.start(), openPage };
    });
    afterAll(async () => {
      await browser.close();
      await walk.site.close();
    });
    afterEach(async () => {
      await context?.close();
      expect(complaints).toEqual([]);
    });

    async function openPage(contextOptions: BrowserContextOptions = {}): Promise<Page> {
      await context?.close();
      context = await browser.newContext({
        viewport: { width: 1100, height: 1000 },
        deviceScaleFactor: 2,
        locale: 'en-GB',
        ...contextOptions,
      });
      complaints = [];
      const complain = (text: string) => {
        if (!EXPECTED.test(text)) complaints.push(text);
      };
      // Violations of the content security policy are errors in the console.
      context.on('console', (message) => {
        if (message.type() === 'error') complain(`${message.text()} (${message.page()?.url()})`);
      });
      context.on('weberror', (error) => {
        complain(error.error().message);
      });
      return context.newPage();
    }

    walks(() => walk);
  });
}

/** Fills in both steps of the sign-up form and sends the second. */
export async function fillInForm(page: Page, { email, ...rest }: { email: string } & Record<string, string>) {
  await page.fill('[name=email]', email);
  await page.click('form[action="/sign-up/address"] button.btn-primary');
  await fillInDetails(page, rest);
}

/** Fills in the second step and, unless `sends` is false, sends it. */
export async function fillInDetails(page: Page, fields: Record<string, string>, sends = true) {
  for (const [name, value] of Object.entries(fields)) await page.fill(`[name=${name}]`, value);
  const terms = page.locator('[name=terms]');
  if (await terms.count()) await terms.check();
  if (sends)
    await page.locator('form[action="/sign-up"]').getByRole('button', { name: 'Request access' }).click();
}
