import { aPartner, aPolicy } from '../support/aPolicy.js';
import { inChromium } from './inChromium.js';

// An approver with a real browser reads a request, approves a part of it while another one looks on, and follows the work.

const policy = aPolicy({
  partners: [aPartner({ approval: 'manual', apps: ['crm', 'wiki'], groups: ['wiki'] })],
});

inChromium({ policy }, (walk) => {
  it('a request is approved in part and followed without a reload, and a stale page keeps what was typed', async () => {
    const { site, portal, ...browser } = walk();
    await portal.visitor().apply({ email: 'ana@fabrikam.com' });
    const page = await browser.openPage();
    await page.goto(`${portal.url}/admin/requests`);
    await page.getByRole('button', { name: 'Arne Approver' }).click();
    await page.getByRole('link', { name: 'ana@fabrikam.com' }).click();
    await page.getByRole('heading', { name: 'ana@fabrikam.com' }).waitFor();

    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.getByLabel('Reason', { exact: true }).fill('The project ended');

    await site.tenant.settings({ latencyMs: 250 });
    await page.getByLabel('Wiki', { exact: true }).uncheck();
    await page.getByRole('button', { name: 'Approve and invite' }).click();
    await page.getByText('The portal is working on it').waitFor();
    await page.evaluate('window.notReloaded = true');
    await page.locator('#state .badge-state.provisioned').waitFor();
    await page.getByRole('heading', { name: 'Invitation email' }).waitFor();
    expect(await page.evaluate('window.notReloaded')).toBe(true);
    expect(await page.getByRole('button', { name: 'Put on hold' }).count()).toBe(0);
    expect(await page.locator('#live').getAttribute('hx-get')).toBeNull();

    await other.getByRole('button', { name: 'Deny the request' }).click();
    await other.getByRole('alert').getByText('has changed since you opened it').waitFor();
    expect(await other.locator('.side-by-side').textContent()).toMatch(
      /The project ended[\s\S]*How it is now[\s\S]*Arne Approver/,
    );
  });
});
