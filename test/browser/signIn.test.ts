import { inChromium } from './inChromium.js';

// A person with a real browser signs in at the tenant and out again: browsers hold a form's redirects to the content
// security policy, which no other test would notice.

inChromium({ policyFile: 'policies/partners.json' }, (walk) => {
  it('an admin signs in at the tenant, comes back to the page, and signs out at both ends', async () => {
    const { portal, site } = walk();
    const page = await walk().openPage();
    await page.goto(`${portal.url}/admin/audit`);
    expect(new URL(page.url()).origin).toBe(site.tenant.peopleUrl);
    await page.getByRole('button', { name: /Ada Admin/ }).click();
    await page.waitForURL(`${portal.url}/admin/audit`);
    await page.getByText('Signed in as Ada Admin').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${portal.url}/signed-out`);
    await page.getByRole('heading', { name: "You're signed out" }).waitFor();
    await page.goto(`${portal.url}/admin`);
    expect(new URL(page.url()).origin).toBe(site.tenant.peopleUrl);
  });
});
