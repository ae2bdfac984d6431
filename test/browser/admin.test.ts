import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { inChromium, type Walk } from './inChromium.js';

// People of the organisation with a real browser: an approval that ends in a guest, and a new partner whose people get in.

/** The example policy in a folder of its own, since it is edited here; without its terms, which stand beside it. */
const example = JSON.parse(readFileSync('policies/partners.json', 'utf8')) as { portal: object };
const policy = { ...example, portal: { ...example.portal, terms: undefined } };

inChromium({ policy }, (walk) => {
  async function signIn(page: Page, { portal }: Walk, name: string): Promise<void> {
    await page.goto(`${portal.url}/admin`);
    await page.getByText(name).first().click();
    await page.waitForURL(`${portal.url}/admin`);
  }

  const openTab = (page: Page, name: string) =>
    page.getByRole('navigation').first().getByRole('link', { name }).click();

  it('an approver signs in, approves a waiting request, and sees the guest arrive', async () => {
    const { site, portal, openPage } = walk();
    const visitor = portal.visitor();
    const status = await visitor.apply({ email: 'dee@litware.com', firstName: 'Dee', company: 'Litware' });
    await portal.visitor().apply({ email: 'eve@competitor.com', firstName: 'Eve' });
    await portal.visitor().apply({ email: 'ana@fabrikam.com' });

    const page = await openPage({ viewport: { width: 1280, height: 900 } });
    await signIn(page, walk(), 'Ada Admin');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();

    await openTab(page, 'Requests');
    await page.getByLabel('Search').fill('dee@');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('link', { name: 'dee@litware.com' }).click();
    await page.getByRole('heading', { name: 'dee@litware.com' }).waitFor();
    await page.getByLabel('All partners').uncheck();
    await page.getByRole('button', { name: 'Approve and invite' }).click();
    await page.getByText('Has access').first().waitFor();
    await page.getByText('Invite the guest').first().waitFor();

    await page.goto(`${site.tenant.peopleUrl}/directory`);
    const row = await page.locator('tr', { hasText: 'dee@litware.com' }).innerText();
    expect(row).toContain('Supplier portal');
    // What was unticked was not given.
    expect(row).not.toContain('All partners');

    await page.goto(`${portal.url}${status}`);
    await page.getByRole('heading', { name: 'Check your email' }).waitFor();
    await page.getByText('Approved', { exact: true }).waitFor();

    await page.goto(`${portal.url}/admin`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(/signed-out|logout/);
    await page.goto(`${portal.url}/admin/requests`);
    expect(page.url()).not.toContain(portal.url);
  });

  it('an admin adds a partner, sees what that changes, and its people get in', async () => {
    const { site, portal, openPage } = walk();
    // Refused before the rule is there.
    const refused = portal.visitor();
    const before = await refused.status(
      await refused.apply({ email: 'tia@tailspintoys.com', firstName: 'Tia' }),
    );
    expect(before.status).toBe('denied');

    const page = await openPage({ viewport: { width: 1280, height: 900 } });
    await signIn(page, walk(), 'Ada Admin');
    await openTab(page, 'Partners');
    await page.getByRole('link', { name: /Add a partner|New partner/ }).click();
    await page.fill('[name=id]', 'tailspin');
    await page.fill('[name=name]', 'Tailspin Toys');
    await page.fill('[name=domains]', 'tailspintoys.com');
    await page.getByLabel('Contoso CRM (crm)').check();
    await page.locator('#approvers-search, [name="approversSearch"]').first().fill('lia');
    await page.getByText('Lia Litware').first().waitFor();
    await page.getByRole('button', { name: 'Preview change' }).last().click();
    // The request that was refused a moment ago would now be accepted.
    await page.getByRole('link', { name: 'tia@tailspintoys.com' }).waitFor();
    await page.getByRole('button', { name: /^Save/ }).click();
    await page.getByText('The new policy is in force').waitFor();
    await page.getByText('tailspintoys.com').waitFor();

    const visitor = portal.visitor();
    const path = await visitor.apply({
      email: 'tia@tailspintoys.com',
      firstName: 'Tia',
      company: 'Tailspin Toys',
    });
    await page.goto(`${portal.url}${path}`);
    await page.getByRole('heading', { name: 'Check your email' }).waitFor();
    expect(await site.tenant.guest('tia@tailspintoys.com')).toMatchObject({ userType: 'Guest' });

    await page.goto(`${portal.url}/admin/audit`);
    await page.locator('summary', { hasText: 'Saved the policy' }).first().click();
    await page.getByText('policy.saved').first().waitFor();
    await page.getByRole('button', { name: 'Verify now' }).click();
    await page
      .getByText(/intact/i)
      .first()
      .waitFor();
    await openTab(page, 'Health');
    await page.getByText('checks passed').waitFor();
  });
});
