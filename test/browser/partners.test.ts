import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { aPolicy } from '../support/aPolicy.js';
import { inChromium } from './inChromium.js';

inChromium({ policy: aPolicy() }, (walk) => {
  async function open(path: string, options: { javaScriptEnabled?: boolean } = {}): Promise<Page> {
    const { portal, openPage } = walk();
    const page = await openPage({ viewport: { width: 1280, height: 1000 }, ...options });
    await page.goto(`${portal.url}${path}`);
    await page.getByRole('button', { name: /Ada Admin/ }).click();
    await page.waitForURL(`${portal.url}${path}`);
    return page;
  }

  const onDisk = async () =>
    JSON.parse(await readFile(walk().site.policyFile, 'utf8')) as { partners: unknown[]; groups: object };

  it.each([true, false])(
    'an admin adds a partner, finds its approvers by name and its tenant by domain (JavaScript: %s)',
    async (javaScriptEnabled) => {
      const id = javaScriptEnabled ? 'with' : 'without';
      const page = await open('/admin/partners/new', { javaScriptEnabled });
      await page.getByLabel('Id', { exact: true }).fill(id);
      await page.getByLabel('Name', { exact: true }).fill(`Litware ${id}`);
      await page.getByLabel('Domains').fill(javaScriptEnabled ? 'litware.com' : 'sales.fabrikam.org');
      await page.getByLabel('Contoso CRM (crm)').check();

      const search = page.locator('#approversSearch');
      if (javaScriptEnabled) await search.pressSequentially('lia');
      else {
        await search.fill('lia');
        await page.locator('button[name="find"][value="approvers"]').click();
      }
      await page.getByLabel('Lia Litware').check();
      expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe(`Litware ${id}`);

      await page.getByRole('button', { name: 'Look up the first domain' }).click();
      const note = page.locator('#tenant [role="status"]');
      await note.waitFor();
      if (javaScriptEnabled) {
        expect(await page.getByLabel('Entra tenant').inputValue()).toMatch(/^117a0000-/);
        expect(await note.textContent()).toContain('litware.com belongs to');
      } else expect(await note.textContent()).toContain('No Entra tenant has');

      await page.getByRole('button', { name: 'Preview the change' }).last().click();
      await page.getByRole('button', { name: 'Save and put in force' }).click();
      await page.getByText('Saved. The new policy is in force.').waitFor();
      expect((await onDisk()).partners).toContainEqual(
        expect.objectContaining({ id, apps: ['crm'], approvers: ['55555555-0000-4000-8000-000000000005'] }),
      );
    },
    60_000,
  );

  it('the names of approvers appear beside their ids, and the list answers while somebody types', async () => {
    const page = await open('/admin/partners/with');
    await page.getByText('Lia Litware').waitFor();
    await page.goto(`${walk().portal.url}/admin/partners`);
    await page.getByText('3 partners found').waitFor();
    await page.getByLabel('Name or domain').pressSequentially('litware.com');
    await page.getByText('1 partner found').waitFor();
  }, 60_000);

  it('a group is chosen by its name; one that carries directory roles is shown and cannot be', async () => {
    const page = await open('/admin/groups/new');
    await page.locator('#groupsSearch').pressSequentially('helpdesk');
    await page.getByText('Carries directory roles').waitFor();
    expect(await page.getByRole('button', { name: 'Helpdesk admins' }).isDisabled()).toBe(true);
    await page.locator('#groupsSearch').fill('');
    await page.locator('#groupsSearch').pressSequentially('supplier');
    await page.getByRole('button', { name: 'Supplier portal' }).click();
    await page.waitForLoadState();
    expect(await page.getByLabel('Key').inputValue()).toBe('supplier-portal');
    await page.getByRole('button', { name: 'Preview the change' }).last().click();
    await page.getByRole('button', { name: 'Save and put in force' }).click();
    await page.getByText('Saved. The new policy is in force.').waitFor();
    expect((await onDisk()).groups).toHaveProperty('supplier-portal');
  }, 60_000);

  it('the site is set: a colour is picked, the terms are read before they hold', async () => {
    const page = await open('/admin/settings');
    await page.getByLabel('Choose the colour').fill('#aa0044');
    expect(await page.locator('#colour').inputValue()).toBe('#aa0044');
    await page.locator('#terms').fill('# House rules\n\n- Be kind');
    await page.getByRole('button', { name: 'Show how it reads' }).click();
    await page.locator('#terms-preview').getByRole('heading', { name: 'House rules' }).waitFor();
    expect(await page.locator('#colour').inputValue()).toBe('#aa0044');
    await page.getByRole('button', { name: 'Preview the change' }).last().click();
    await page.getByRole('button', { name: 'Save and put in force' }).click();
    await page.getByText('Saved. The new policy is in force.').waitFor();
    await page.goto(`${walk().portal.url}/terms`);
    await page.getByRole('heading', { name: 'House rules' }).waitFor();
  }, 60_000);
});
