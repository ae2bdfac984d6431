import { readFile, writeFile } from 'node:fs/promises';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { aPolicy } from '../support/aPolicy.js';
import { waitFor } from '../support/waitFor.js';
import { inChromium } from './inChromium.js';

inChromium({ policy: aPolicy() }, (walk) => {
  async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
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
      await page.getByLabel('ID', { exact: true }).fill(id);
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

      if (!(await page.locator('#lookUp').isVisible())) await page.getByText('Advanced').click();
      await page.getByRole('button', { name: 'Look up the first domain' }).click();
      const note = page.locator('#tenant [role="status"]');
      await note.waitFor();
      if (javaScriptEnabled) {
        expect(await page.getByLabel('Entra tenant').inputValue()).toMatch(/^117a0000-/);
        expect(await note.textContent()).toContain('litware.com belongs to');
      } else expect(await note.textContent()).toContain('No Entra tenant has');

      await page.getByRole('button', { name: 'Preview change' }).last().click();
      await page.getByRole('button', { name: 'Save and put in force' }).click();
      await page.getByText('Saved. The new policy is in force.').waitFor();
      expect((await onDisk()).partners).toContainEqual(
        expect.objectContaining({ id, apps: ['crm'], approvers: ['55555555-0000-4000-8000-000000000005'] }),
      );
    },
    60_000,
  );

  it('with JavaScript “Find…” and the look-up leave the page, its place and the focus as they are', async () => {
    const page = await open('/admin/partners/new');
    await page.evaluate('document.body.dataset.kept = "yes"');
    await page.getByLabel('Name', { exact: true }).fill('Typed');
    // Without letting the search that runs along do the work.
    await page.evaluate('document.getElementById("sponsorsSearch").value = "megan"');
    const button = page.locator('button[name="find"][value="sponsors"]');
    await button.focus();
    const place = await page.evaluate('window.scrollY');
    await page.keyboard.press('Enter');
    await page.locator('#sponsors-found').getByLabel(/Megan/).waitFor();
    expect(await page.evaluate('window.scrollY')).toBe(place);
    expect(await page.locator('button[value="sponsors"]:focus').count()).toBe(1);

    await page.getByLabel('Domains').fill('litware.com');
    await page.getByText('Advanced').click();
    await page.getByRole('button', { name: 'Look up the first domain' }).click();
    await page.locator('#tenant [role="status"]').waitFor();
    expect(await page.locator('#lookUp:focus').count()).toBe(1);
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Typed');
    expect(await page.evaluate('document.body.dataset.kept')).toBe('yes');
  });

  it('without JavaScript “Find…” and the look-up land on what was found', async () => {
    const page = await open('/admin/partners/new', {
      javaScriptEnabled: false,
      viewport: { width: 1000, height: 500 },
    });
    const path = '/admin/partners/new';
    /** Once the browser has scrolled there: it takes its time. */
    const inSight = (selector: string) =>
      waitFor(`${selector} in sight`, async () => {
        const box = await page.locator(selector).boundingBox();
        return box !== null && box.y >= 0 && box.y + box.height <= 500;
      });
    await page.locator('#sponsorsSearch').fill('megan');
    await page.locator('button[name="find"][value="sponsors"]').click();
    await page.waitForURL(`**${path}#sponsors-found`);
    await page.locator('#sponsors-found').getByLabel(/Megan/).waitFor();
    await inSight('#sponsors-found');
    expect(await page.locator('#sponsors-found:focus').count()).toBe(1);

    await page.getByLabel('Domains').fill('litware.com');
    await page.getByText('Advanced').click();
    await page.getByRole('button', { name: 'Look up the first domain' }).click();
    await page.waitForURL(`**${path}#tenant`);
    await page.locator('#tenant [role="status"]').waitFor();
    await inSight('#tenant [role="status"]');
  });

  it('a change is taken up again from the preview; who else saves meanwhile is shown beside it', async () => {
    const page = await open('/admin/partners/with');
    await page.getByLabel('Name', { exact: true }).fill('Mine');
    await page.getByRole('button', { name: 'Preview change' }).last().click();
    await page.getByRole('button', { name: 'Make more changes' }).click();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Mine');
    await page.getByRole('button', { name: 'Preview change' }).last().click();
    await page.getByRole('button', { name: 'Save and put in force' }).waitFor();

    const file = walk().site.policyFile;
    await writeFile(file, (await readFile(file, 'utf8')).replace('"Litware with"', '"Theirs"'));
    await page.getByRole('button', { name: 'Save and put in force' }).click();
    await page.getByRole('row', { name: 'Name Theirs Mine' }).waitFor();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Mine');
    await page.getByRole('button', { name: 'Preview change' }).last().click();
    await page.getByRole('button', { name: 'Save and put in force' }).click();
    await page.getByText('Saved. The new policy is in force.').waitFor();
    expect((await onDisk()).partners).toContainEqual(expect.objectContaining({ id: 'with', name: 'Mine' }));
  });

  it('edits are asked about before a link, another form or an error loses them, and not once they are sent', async () => {
    const page = await open('/admin/partners/with');
    const asked: string[] = [];
    page.on('dialog', (dialog) => {
      asked.push(dialog.type());
      void dialog.dismiss();
    });
    const name = page.getByLabel('Name', { exact: true });
    const leave = () => page.getByRole('link', { name: 'All partners' }).click();
    await page.locator('#sponsorsSearch').fill('words to search for');
    await leave();
    await page.waitForURL('**/admin/partners');
    await page.goto(`${walk().portal.url}/admin/partners/with`);

    await name.fill('Typed');
    await leave();
    await page.getByRole('button', { name: 'Switch off' }).click();
    await waitFor('two questions', () => asked.length === 2);
    expect(await name.inputValue()).toBe('Typed');

    await page.getByRole('button', { name: 'Preview change' }).last().click();
    await page.getByRole('button', { name: 'Make more changes' }).click();
    await page.getByRole('heading', { name: 'Who', exact: true }).waitFor();
    // Nothing is edited since, and nothing is saved yet.
    await leave();
    await waitFor('a third question', () => asked.length === 3);
    expect(asked).toEqual(['beforeunload', 'beforeunload', 'beforeunload']);

    await page.context().clearCookies();
    await page.getByText('Advanced').click();
    await page.getByRole('button', { name: 'Look up the first domain' }).click();
    await page.locator('#form-error[role="alert"]').waitFor();
    expect(await name.inputValue()).toBe('Typed');
  });

  it('the keyboard goes through the form in the order of the page', async () => {
    const page = await open('/admin/partners/with');
    const controls = page
      .locator('.form-page form')
      .first()
      .locator('input, textarea, select, button, summary');
    const tops: number[] = [];
    for (const control of await controls.all()) {
      if ((await control.getAttribute('tabindex')) === '-1' || !(await control.isVisible())) continue;
      const box = await control.boundingBox();
      if (box) tops.push(box.y);
    }
    expect(tops.length).toBeGreaterThan(15);
    // The last one, which sends the form, stays in sight.
    expect(tops.slice(0, -1)).toEqual(tops.slice(0, -1).sort((a, b) => a - b));
  });

  it('the names of approvers appear beside their ids, and the list answers while somebody types', async () => {
    const page = await open('/admin/partners/with');
    await page.getByText('Lia Litware').waitFor();
    await page.goto(`${walk().portal.url}/admin/partners`);
    await page.getByText('3 partners found').waitFor();
    await page.getByLabel('Name or domain').pressSequentially('litware.com');
    await page.getByText('1 partner found').waitFor();
  });

  it('a group is chosen by its name; one that carries directory roles is shown and cannot be', async () => {
    const page = await open('/admin/groups/new');
    await page.locator('#groupsSearch').pressSequentially('helpdesk');
    await page.getByText('It can carry directory roles').waitFor();
    expect(await page.getByRole('button', { name: 'Helpdesk admins' }).isDisabled()).toBe(true);
    await page.locator('#groupsSearch').fill('');
    await page.locator('#groupsSearch').pressSequentially('supplier');
    await page.getByRole('button', { name: 'Supplier portal' }).click();
    await page.waitForLoadState();
    expect(await page.getByLabel('Key').inputValue()).toBe('supplier-portal');
    await page.getByRole('button', { name: 'Preview change' }).last().click();
    await page.getByRole('button', { name: 'Save and put in force' }).click();
    await page.getByText('Saved. The new policy is in force.').waitFor();
    expect((await onDisk()).groups).toHaveProperty('supplier-portal');
  });

  it('the site is set: a colour is picked, the terms are read before they hold', async () => {
    const page = await open('/admin/settings');
    await page.getByLabel('Choose a colour').fill('#aa0044');
    expect(await page.locator('#colour').inputValue()).toBe('#aa0044');
    await page.locator('#terms-en').fill('# House rules\n\n- Be kind');
    await page.getByRole('button', { name: 'Preview the terms' }).click();
    await page.locator('#terms-preview').getByRole('heading', { name: 'House rules' }).waitFor();
    expect(await page.locator('#colour').inputValue()).toBe('#aa0044');
    await page.getByRole('button', { name: 'Preview change' }).last().click();
    await page.getByRole('button', { name: 'Save and put in force' }).click();
    await page.getByText('Saved. The new policy is in force.').waitFor();
    await page.goto(`${walk().portal.url}/terms`);
    await page.getByRole('heading', { name: 'House rules' }).waitFor();
  });
});
