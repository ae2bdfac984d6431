import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { openSite, type Site } from '../process/portalProcess.js';
import { firefoxPath } from '../support/browsers.js';

// The partner's whole way in Firefox, over WebDriver BiDi: from the form to an account that has accepted its invitation.

const TOM = {
  email: 'tom@wingtiptoys.com',
  firstName: 'Tom',
  lastName: 'Berg',
  company: 'Wingtip Toys',
  reason: 'Drawings of the autumn series',
};

/** The button that people press at the end of a step. */
const SEND = '#sign-up > button:not([name], .visually-hidden)';

/** Firefox may be missing on somebody's machine, but not in CI. */
const inFirefox = firefoxPath || process.env.CI ? describe : describe.skip;

inFirefox('in Firefox, skipped where there is none on the PATH, nor in FIREFOX', () => {
  let site: Site;
  let browser: Browser;

  beforeAll(async () => {
    if (!firefoxPath) throw new Error('No Firefox on the PATH, nor in FIREFOX');
    site = await openSite({ policyFile: 'policies/partners.json' });
    browser = await puppeteer.launch({ browser: 'firefox', executablePath: firefoxPath });
  }, 300_000);
  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  /** Presses something that leads to another page, and waits for what stands there: the load of a page may be told of too early. */
  async function press(page: Page, selector: string, next: string): Promise<void> {
    await page.click(selector);
    await page.waitForSelector(next, { timeout: 60_000 });
  }

  async function signUp(page: Page, { email, ...rest }: typeof TOM): Promise<void> {
    await page.type('[name=email]', email);
    await press(page, SEND, '[name=firstName]');
    for (const [name, value] of Object.entries(rest)) await page.type(`[name=${name}]`, value);
    await page.click('[name=terms]');
    await press(page, SEND, '#status');
  }

  it('a partner signs up, proves the mailbox by its code, and accepts the invitation', async () => {
    const portal = await site.start();
    const page = await browser.newPage();
    await page.goto(portal.url);
    await signUp(page, TOM);
    expect(page.url()).toMatch(/\/requests\/[\w-]{22}$/);

    const inbox = await browser.newPage();
    await inbox.goto(`${site.tenant.peopleUrl}/inbox?to=${TOM.email}`);
    await press(inbox, 'a.list-group-item', 'h2');
    const code = /^\s+(\d{6})$/m.exec(await inbox.content())?.[1] ?? 'no code';

    await page.bringToFront();
    // The sixth digit sends it.
    await page.type('[name=code]', code);
    await page.waitForSelector('#status[data-state=provisioned]', { timeout: 60_000 });

    await inbox.bringToFront();
    await inbox.goto(`${site.tenant.peopleUrl}/inbox?to=${TOM.email}`);
    await press(inbox, 'a.list-group-item', 'a[href*="/redeem"]');
    await press(inbox, 'a[href*="/redeem"]', 'form button');
    await press(inbox, 'form button', 'a[href^="/directory/users/"]');
    expect(inbox.url()).toMatch(/\/redeem\/landing\//);
    expect((await site.tenant.guest(TOM.email))?.externalUserState).toBe('Accepted');
  });
});
