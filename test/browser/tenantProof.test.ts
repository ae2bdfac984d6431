import type { Page } from 'playwright-core';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { proseware } from '../support/partnerPeople.js';
import { fillInForm, inChromium } from './inChromium.js';

// People of a partner prove in a real browser who they are, by signing in at their own tenant.

inChromium(
  { policy: aPolicy({ partners: [aPartner({ proof: 'tenant' }), proseware()] }), replicationDelayMs: 200 },
  (walk) => {
    const ready = (page: Page) => page.getByRole('heading', { name: 'Your access is ready' }).waitFor();
    const choose = (page: Page, name: string) => page.getByRole('button', { name }).first().click();

    test('after the form: with a colleague’s account in vain, with the own one for good', async () => {
      const { portal, openPage } = walk();
      const page = await openPage();
      await page.goto(portal.url);
      const fields = { email: 'pia@proseware.com', firstName: 'Pia', lastName: 'Holm' };
      await fillInForm(page, { ...fields, company: 'Proseware', reason: 'Orders of our customers' });
      await page.waitForURL(/\/requests\/[\w-]{22}$/);
      await page.locator('#proof a.btn').click();

      await choose(page, 'Max Proseware');
      await page.getByRole('heading', { name: 'This is a different account' }).waitFor();
      await page.getByRole('link', { name: 'Try again with another account' }).click();
      await choose(page, 'Pia Holm');
      await page.waitForURL(/\/requests\/[\w-]{22}$/);
      await ready(page);
    });

    test('on another device: the person sees what was typed, and confirms it by a button', async () => {
      const { portal, openPage } = walk();
      const sender = await openPage();
      await sender.goto(portal.url);
      const fields = { email: 'ana@fabrikam.com', firstName: 'Ana', lastName: 'Lind' };
      await fillInForm(sender, { ...fields, company: 'Fabrikam', reason: 'Orders of our customers' });
      await sender.waitForURL(/\/requests\/[\w-]{22}$/);
      const status = sender.url();

      const page = await openPage();
      await page.goto(status);
      await page.locator('#proof a.btn').click();
      await choose(page, 'ana@fabrikam.com');
      await page.waitForURL(/\/confirm$/);
      await page.getByText('Ana Lind of Fabrikam has asked for access to').waitFor();
      await page.getByRole('button', { name: 'Confirm request' }).click();
      await page.waitForURL(/\/requests\/[\w-]{22}$/);
      await ready(page);
    });

    test('in the middle of the form: what was typed is still there', async () => {
      const { portal, openPage } = walk();
      const page = await openPage();
      await page.goto(portal.url);
      await page.fill('[name=email]', 'per.olof.berg@proseware.com');
      await page.keyboard.press('Enter');
      await page.fill('[name=reason]', 'Orders of our customers');
      await page.getByRole('link', { name: "Sign in with your organisation's account" }).click();
      await choose(page, 'Per Olof');
      await page.waitForURL(/\/verify\/form$/);
      expect(await page.inputValue('[name=reason]')).toBe('Orders of our customers');
      expect(await page.inputValue('#firstName')).toBe('Per Olof');
    });

    test('before the form: it is filled in, the address stays, and the sent form leads to access', async () => {
      const { site, portal, openPage } = walk();
      const page = await openPage();
      await page.goto(portal.url);
      await page.getByRole('link', { name: "Sign in with your organisation's account" }).click();
      await choose(page, 'Per Olof');
      await page.waitForURL(/\/verify\/form$/);
      expect(await page.inputValue('#email')).toBe('per.olof.berg@proseware.com');
      expect(await page.inputValue('#firstName')).toBe('Per Olof');
      expect(await page.locator('#email').isEditable()).toBe(false);
      await page.click('form[action="/verify/form"] button.btn-primary');
      expect(await page.getByRole('alert').getByRole('link').count()).toBe(2);
      await page.fill('[name=company]', 'Proseware');
      await page.fill('[name=reason]', 'Orders of our customers');
      await page.click('form[action="/verify/form"] button.btn-primary');
      await ready(page);
      expect(await site.tenant.guest('per.olof.berg@proseware.com')).toBeDefined();
    });
  },
);
