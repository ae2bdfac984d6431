import type { BrowserContext, Page } from 'playwright-core';
import { waitFor } from '../support/waitFor.js';
import { fillInForm, inChromium } from './inChromium.js';

// People whose partners ask for proof first, by the example policy: from the form to the guest.

const TOM = {
  email: 'tom@wingtiptoys.com',
  firstName: 'Tom',
  lastName: 'Berg',
  company: 'Wingtip Toys',
  reason: 'Drawings of the autumn series',
};
const PIA = {
  email: 'pia@proseware.com',
  firstName: 'Pia',
  lastName: 'Holm',
  company: 'Proseware',
  reason: 'Orders and invoices of our customers',
};

inChromium({ policyFile: 'policies/partners.json', replicationDelayMs: 200 }, (walk) => {
  async function apply(page: Page, fields: { email: string } & Record<string, string>): Promise<void> {
    await page.goto(walk().portal.url);
    await fillInForm(page, fields);
    await page.waitForURL(/\/requests\/[\w-]{22}$/);
    await page.getByRole('heading', { name: /^(Check your email|Confirm your email address)$/ }).waitFor();
  }

  /** The newest mail with a code. */
  const proofMail = (address: string) =>
    waitFor('the mail with the code', async () => {
      const mails = await walk().site.tenant.mailsTo(address);
      const newest = mails.filter(({ subject }) => subject.startsWith('Confirm')).at(-1);
      const code = /^\s+(\d{6})$/m.exec(newest?.text ?? '')?.[1];
      const link = /http\S+\/verify\/link\/\S+/.exec(newest?.text ?? '')?.[0];
      return code && link ? { code, link } : undefined;
    });
  const ready = (page: Page) => page.getByRole('heading', { name: 'Your access is ready' }).waitFor();
  const guest = (address: string) => walk().site.tenant.guest(address);

  /** Another device of the same person, which shares nothing with the first. */
  async function onPhone(page: Page, use: (phone: Page, context: BrowserContext) => Promise<void>) {
    const browser = page.context().browser();
    if (!browser) throw new Error('no browser');
    const context = await browser.newContext({
      viewport: { width: 390, height: 560 },
      deviceScaleFactor: 2,
      locale: 'en-GB',
    });
    try {
      await use(await context.newPage(), context);
    } finally {
      await context.close();
    }
  }

  async function accept(page: Page, address: string): Promise<void> {
    await page.goto(`${walk().site.tenant.peopleUrl}/inbox?to=${address}`);
    // The mail that was sent after the proof.
    await page.locator('a.list-group-item', { hasNotText: 'Confirm your address' }).first().click();
    await page.locator('a[href*="/redeem"]').first().click();
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.waitForURL(/\/redeem\/landing\//);
    expect((await guest(address))?.externalUserState).toBe('Accepted');
  }

  it.each([true, false])(
    'the code of the mail, typed as people type it, lets its reader in (JavaScript: %s)',
    async (javaScriptEnabled) => {
      const { openPage } = walk();
      const email = javaScriptEnabled ? TOM.email : 'tina@wingtiptoys.com';
      const page = await openPage({ javaScriptEnabled });
      await apply(page, { ...TOM, email });
      const { code } = await proofMail(email);
      expect(await guest(email)).toBeUndefined();

      const wrong = code === '000000' ? '000001' : '000000';
      // With scripts the sixth digit sends the code.
      const enter = async (typed: string) => {
        await page.getByRole('textbox', { name: 'Code from the email' }).fill(typed);
        if (!javaScriptEnabled) await page.getByRole('button', { name: 'Confirm', exact: true }).click();
      };
      await enter(wrong);
      await page.getByText("That code isn't right").waitFor();
      expect(await guest(email)).toBeUndefined();

      await enter(`${code.slice(0, 3)} ${code.slice(3)}`);
      await ready(page);
      expect((await guest(email))?.displayName).toBe('Tom Berg');
      if (javaScriptEnabled) await accept(page, email);
    },
    60_000,
  );

  it('the link of the mail waits for a press of its button, works on another device, and leads both on', async () => {
    const { openPage } = walk();
    const email = 'tess@wingtiptoys.com';
    const page = await openPage();
    await apply(page, { ...TOM, email, firstName: 'Tess' });
    const { link } = await proofMail(email);
    await page.getByRole('textbox', { name: 'Code from the email' }).pressSequentially('12');
    await onPhone(page, async (phone) => {
      await phone.goto(link);
      await phone.getByRole('heading', { name: 'Confirm your address' }).waitFor();
      // As a scanner of mails does: the page alone changes nothing.
      await phone.reload();
      expect(await guest(email)).toBeUndefined();
      expect(await page.getByRole('textbox', { name: 'Code from the email' }).inputValue()).toBe('12');
      await phone.getByRole('button', { name: 'Confirm address' }).click();
      await phone.waitForURL(/\/requests\/[\w-]{22}$/);
      await ready(phone);
      await phone.goto(link);
      await phone.getByRole('heading', { name: "You've confirmed the address" }).waitFor();
    });
    // The first browser has shown nothing, so it learns that it went on and no more.
    await page.getByRole('heading', { name: 'Check your email' }).waitFor();
    expect((await guest(email))?.externalUserState).toBe('PendingAcceptance');
  });

  it('whoever signs in as somebody else is told so, and then gets in as themselves', async () => {
    const { site, portal, openPage } = walk();
    const page = await openPage();
    await apply(page, PIA);
    await page.getByRole('link', { name: 'Sign in at your organisation' }).click();
    expect(new URL(page.url()).origin).toBe(site.tenant.peopleUrl);
    await page.getByRole('button', { name: /Max Proseware/ }).click();
    await page.getByRole('heading', { name: 'This is a different account' }).waitFor();
    expect(await guest(PIA.email)).toBeUndefined();

    await page.getByRole('link', { name: 'Try again with another account' }).click();
    await page.getByRole('button', { name: /Pia Holm/ }).click();
    await page.waitForURL(/\/requests\/[\w-]{22}$/);
    await ready(page);
    await accept(page, PIA.email);
    expect((await guest(PIA.email))?.groups.length).toBeGreaterThan(0);

    await page.goto(`${portal.url}/admin/requests`);
    await page.getByRole('button', { name: /Ada Admin/ }).click();
    await page.getByRole('link', { name: PIA.email }).click();
    expect(await page.locator('#proof').innerText()).toContain('9205e000-0000-4000-8000-000000000004');
  });

  it('whoever signs in first finds the form filled in, with an address that stays', async () => {
    const { portal, openPage } = walk();
    const email = 'per.olof.berg@proseware.com';
    const page = await openPage();
    await page.goto(portal.url);
    await page.getByRole('link', { name: "Sign in with your organisation's account" }).click();
    await page.getByRole('button', { name: /Berg, Per Olof/ }).click();
    await page.waitForURL(`${portal.url}/verify/form`);
    expect(await page.inputValue('[name=firstName]')).toBe('Per Olof');
    expect(await page.inputValue('[name=lastName]')).toBe('Berg');
    expect(await page.locator('[name=email]').count()).toBe(0);
    const address = page.getByLabel('Work email address');
    expect([await address.inputValue(), await address.getAttribute('readonly')]).toEqual([email, '']);
    await page.fill('[name=company]', 'Proseware');
    await page.fill('[name=reason]', PIA.reason);
    await page.check('[name=terms]');
    await page.click('form[action="/verify/form"] button.btn-primary');
    await page.waitForURL(/\/requests\/[\w-]{22}$/);
    await ready(page);
    expect((await guest(email))?.displayName).toBe('Per Olof Berg');
  });
});
