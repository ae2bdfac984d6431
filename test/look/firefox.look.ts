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

  /** Presses something that leads to another page. */
  const press = (page: Page, selector: string) =>
    Promise.all([page.waitForNavigation(), page.click(selector)]);

  async function signUp(page: Page, { email, ...rest }: typeof TOM): Promise<void> {
    await page.type('[name=email]', email);
    await press(page, SEND);
    for (const [name, value] of Object.entries(rest)) await page.type(`[name=${name}]`, value);
    await page.click('[name=terms]');
    await press(page, SEND);
  }

  it('a partner signs up, proves the mailbox by its code, and accepts the invitation', async () => {
    const portal = await site.start();
    const page = await browser.newPage();
    await page.goto(portal.url);
    await signUp(page, TOM);
    expect(page.url()).toMatch(/\/requests\/[\w-]{22}$/);

    const inbox = await browser.newPage();
    await inbox.goto(`${site.tenant.peopleUrl}/inbox?to=${TOM.email}`);
    await press(inbox, 'a.list-group-item');
    const code = /^\s+(\d{6})$/m.exec(await inbox.content())?.[1] ?? 'no code';

    await page.bringToFront();
    await page.type('[name=code]', code);
    await press(page, 'form[action^="/verify/code/"] button.btn-primary');
    await page.waitForSelector('#status[data-state=provisioned]', { timeout: 60_000 });

    await inbox.bringToFront();
    await inbox.goto(`${site.tenant.peopleUrl}/inbox?to=${TOM.email}`);
    await press(inbox, 'a.list-group-item');
    await press(inbox, 'a[href*="/redeem"]');
    await press(inbox, 'main form button, form button');
    expect(inbox.url()).toMatch(/\/redeem\/landing\//);
    expect((await site.tenant.guest(TOM.email))?.externalUserState).toBe('Accepted');
  });
});
