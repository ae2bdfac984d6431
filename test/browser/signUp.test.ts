import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { fillInDetails, fillInForm, inChromium } from './inChromium.js';

// A person with a real browser signs up by the example policy and accepts the invitation.

const FIELDS = {
  email: 'ana@fabrikam.com',
  firstName: 'Ana',
  lastName: 'Lind',
  company: 'Fabrikam',
  reason: 'Orders and invoices of our customers',
};

inChromium({ policyFile: 'policies/partners.json', replicationDelayMs: 500 }, (walk) => {
  const answered = (page: Page) => page.getByRole('heading', { name: 'Check your email' }).waitFor();

  it('a step back, a step forward and a reload lead to the form, which keeps what was typed until it is sent', async () => {
    const { portal, openPage } = walk();
    const page = await openPage();
    const details = async () => {
      await page.fill('[name=email]', 'back@fabrikam.com');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Tell us about yourself' }).waitFor();
    };
    const typed = () => page.inputValue('[name=reason]');
    await page.goto(portal.url);
    await details();
    await page.fill('[name=reason]', FIELDS.reason);
    await page.goBack();
    await page.getByRole('heading', { name: 'Get access' }).waitFor();
    await page.goForward();
    await page.getByRole('heading', { name: 'Get access' }).waitFor();
    await details();
    expect(await typed()).toBe(FIELDS.reason);
    await page.reload();
    await details();
    expect(await typed()).toBe(FIELDS.reason);
    const { firstName, lastName, company } = FIELDS;
    await fillInDetails(page, { firstName, lastName, company });
    await page.waitForURL(/\/requests\/[\w-]{22}$/);
    await page.goto(portal.url);
    await details();
    expect(await typed()).toBe('');
  });

  it('a form with faults keeps what was typed, a good one leads to a page that follows by itself, and the mail to the guest', async () => {
    const { site, portal, openPage } = walk();
    const page = await openPage();
    await page.goto(portal.url);

    const summary = page.getByRole('alert');
    await page.fill('[name=email]', 'ana@fabrikam');
    await page.keyboard.press('Enter');
    await summary.getByRole('link').click();
    expect(await page.evaluate('document.activeElement.name')).toBe('email');
    await fillInForm(page, { ...FIELDS, firstName: '' });
    await summary.getByRole('link', { name: 'first name' }).click();
    expect(await page.evaluate('document.activeElement.name')).toBe('firstName');
    expect(await page.inputValue('[name=company]')).toBe(FIELDS.company);

    // The language is changed, and a wrong address, without typing anything again.
    await page.getByRole('button', { name: 'Svenska' }).click();
    await page.getByRole('heading', { name: 'Berätta vem du är' }).waitFor();
    expect(await page.inputValue('[name=reason]')).toBe(FIELDS.reason);
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('button', { name: 'Change' }).click();
    await page.fill('[name=email]', FIELDS.email);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Tell us about yourself' }).waitFor();
    expect(await page.inputValue('[name=company]')).toBe(FIELDS.company);

    await site.tenant.settings({ latencyMs: 250 });
    await fillInDetails(page, { firstName: FIELDS.firstName });
    await page.waitForURL(/\/requests\/[\w-]{22}$/);
    await page.getByRole('heading', { name: "We're preparing your invitation" }).waitFor();
    await page.evaluate('window.notReloaded = true');
    await answered(page);
    expect(await page.evaluate('window.notReloaded')).toBe(true);
    await site.tenant.settings({ latencyMs: 0 });

    // The answer with the faults was not stored: in its place there is the form, and not the browser's own error page.
    await page.goBack();
    await page.getByRole('heading', { name: 'Get access' }).waitFor();
    expect(page.url()).toBe(`${portal.url}/`);
    await page.goForward();
    await answered(page);

    await page.goto(`${site.tenant.peopleUrl}/inbox?to=${FIELDS.email}`);
    await page.locator('a.list-group-item').first().click();
    await page.frameLocator('iframe').getByRole('link', { name: 'Accept the invitation' }).waitFor();
    // Of the mail's links one goes back to the status page.
    const links = await page.locator('a[href^="http"]').evaluateAll((all) => all.map(String));
    const statusLink = links.find((link) => link.startsWith(`${portal.url}/requests/`)) ?? 'missing';
    await page.locator('a[href*="/redeem"]').first().click();
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.waitForURL(/\/redeem\/landing\//);

    await page.goto(`${site.tenant.peopleUrl}/directory`);
    const row = page.locator('tr', { hasText: FIELDS.email });
    const text = await row.innerText();
    for (const shown of ['Ana Lind', 'CRM users', 'All partners', 'Contoso Wiki: Reader', 'Alex Wilber']) {
      expect(text).toContain(shown);
    }
    expect((await site.tenant.guest(FIELDS.email))?.externalUserState).toBe('Accepted');

    // Only the mailbox has it: who comes by it is its owner, and sees more than who sent the form.
    await page.goto(statusLink);
    await page.getByRole('heading', { name: 'Your access is ready' }).waitFor();
  });

  it('from the README to an invitation that is accepted, a person takes at most twelve steps', async () => {
    const { site, portal, openPage } = walk();
    // A command, a page that is opened, a form that is filled in and a button that is pressed are one step each.
    const [commands = ''] =
      /(?<=^## Try it[^]*?^ {4})npm .*$/m.exec(await readFile('README.md', 'utf8')) ?? [];
    let steps = commands.split('&&').length;
    expect(steps).toBe(2);
    const step = async (done: Promise<unknown>) => {
      steps++;
      await done;
    };
    const page = await openPage();
    await step(page.goto(portal.url));
    await step(page.fill('[name=email]', 'cy@northwind.se'));
    await step(page.getByRole('button', { name: 'Continue' }).click());
    await step(
      fillInDetails(
        page,
        { firstName: 'Cy', lastName: 'Berg', company: 'Northwind', reason: 'Orders' },
        false,
      ),
    );
    await step(page.getByRole('button', { name: 'Request access' }).click());
    await answered(page);
    await step(page.goto(`${site.tenant.peopleUrl}/inbox`));
    await step(page.locator('a.list-group-item').first().click());
    const [landing] = await Promise.all([
      page.waitForEvent('popup'),
      step(page.frameLocator('iframe').locator('a[href*="/redeem"]').first().click()),
    ]);
    await step(landing.getByRole('button', { name: 'Accept' }).click());
    await landing.waitForURL(/\/redeem\/landing\//);
    expect(steps).toBeLessThanOrEqual(12);
  });

  it('without JavaScript the status page reloads itself', async () => {
    const { site, portal, openPage } = walk();
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto(portal.url);
    await site.tenant.settings({ latencyMs: 250 });
    await fillInForm(page, { ...FIELDS, email: 'bo@sales.fabrikam.com' });
    await page.getByRole('heading', { name: "We're preparing your invitation" }).waitFor();
    await answered(page);
    await site.tenant.settings({ latencyMs: 0 });
  });
});
