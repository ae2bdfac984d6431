import type { Page } from 'playwright-core';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { STAFF } from '../support/staff.js';
import { waitFor } from '../support/waitFor.js';
import { inChromium } from './inChromium.js';

// An approver with a real browser reads a request, approves a part of it while another one looks on, and follows the work.

const policy = aPolicy({
  partners: [
    aPartner({ approval: 'manual', apps: ['crm', 'wiki'], groups: ['wiki'], approvers: [STAFF.lia] }),
  ],
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
    await other.getByText('Deny…').first().click();
    await other.getByLabel('Reason', { exact: true }).fill('The project ended');

    await site.tenant.settings({ latencyMs: 250 });
    await page.getByLabel('Wiki', { exact: true }).uncheck();
    // Enter on what an approval gives approves nothing.
    await page.evaluate('window.notReloaded = true');
    await page.getByLabel('Wiki', { exact: true }).press('Enter');
    expect(await page.evaluate('window.notReloaded')).toBe(true);
    await page.getByRole('button', { name: 'Approve and invite' }).click();
    await page.getByText('The portal is working on it').waitFor();
    await page.evaluate('window.notReloaded = true');
    await page.locator('#state .pill', { hasText: 'Has access' }).waitFor();
    await page.getByRole('heading', { name: 'Invitation email' }).waitFor();
    expect(await page.evaluate('window.notReloaded')).toBe(true);
    expect(await page.getByText('Put on hold…').count()).toBe(0);
    expect(await page.locator('#live').getAttribute('hx-get')).toBeNull();

    await other.getByRole('button', { name: 'Deny the request' }).click();
    await other.getByRole('alert').getByText('has changed since you opened it').waitFor();
    expect(await other.locator('.side-by-side').textContent()).toMatch(
      /The project ended[\s\S]*How it is now[\s\S]*Arne Approver/,
    );
    await site.tenant.settings({ latencyMs: 0 });
  });

  it('two clicks lead from the mail to a decision that is answered, and none of them is in the mail', async () => {
    const { site, portal, openPage } = walk();
    await portal.visitor().apply({ email: 'bo@fabrikam.com', firstName: 'Bo' });
    const mail = await waitFor('the mail to the approver', async () =>
      (await site.tenant.mailsTo('lia@contoso.com')).find(({ text }) => text.includes('Bo Lind')),
    );
    const [link = ''] = /http:\S+\/admin\/requests\/[0-9a-f-]{36}/.exec(mail.text) ?? [];
    const page = await openPage();
    await signIn(page, portal.url);
    await page.goto(link);
    expect(await page.locator('#state').textContent()).toContain('Awaiting approval');
    await page.getByRole('button', { name: 'Approve and invite' }).click();
    await page.getByRole('status').getByText('Approved. The invitation is on its way.').waitFor();
    expect(await page.evaluate('document.activeElement.matches(".flash")')).toBe(true);
    await page.reload();
    expect(await page.getByText('Approved. The invitation').count()).toBe(0);
  });

  it('on a phone the decision is at hand at once, and a denial without a reason says what is missing', async () => {
    const { portal, openPage } = walk();
    await portal.visitor().apply({ email: 'cai@fabrikam.com', firstName: 'Cai' });
    const page = await openPage({ viewport: { width: 390, height: 844 } });
    await signIn(page, portal.url);
    await page.getByRole('link', { name: 'cai@fabrikam.com' }).click();
    const approve = page.getByRole('button', { name: 'Approve and invite' });
    expect(await approve.count()).toBe(1);
    const box = await approve.boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(844);
    await page.getByRole('link', { name: 'Deny…' }).click();
    expect(await page.evaluate('document.activeElement.id')).toBe('denyReason');
    await page.getByRole('button', { name: 'Deny the request' }).click();
    const fault = page
      .getByRole('alert')
      .getByRole('link', { name: 'Enter a reason the person will understand' });
    await fault.waitFor();
    expect(await page.title()).toMatch(/^Error: /);
    await fault.click();
    expect(await page.evaluate('document.activeElement.id')).toBe('denyReason');
    await page.getByLabel('Reason', { exact: true }).fill('The project ended');
    await page.getByRole('button', { name: 'Deny the request' }).click();
    await page.getByRole('status').getByText('Denied.').waitFor();
  });
});

/** Lia, who decides for the partner, has a session. */
async function signIn(page: Page, portal: string): Promise<void> {
  await page.goto(`${portal}/admin`);
  await page.getByRole('button', { name: 'Lia Litware' }).click();
  await page.getByText('Signed in as Lia Litware').waitFor({ state: 'attached' });
}
