import type { Page } from 'playwright-core';
import { aPartner, aPolicy, UNPACED } from '../support/aPolicy.js';
import { inChromium } from './inChromium.js';

// An admin invites people from a file: from the form to a run that is undone.

inChromium({ policy: aPolicy({ partners: [aPartner({ limits: UNPACED })] }) }, (walk) => {
  async function open(path: string, javaScriptEnabled: boolean): Promise<Page> {
    const { portal, openPage } = walk();
    const page = await openPage({ viewport: { width: 1280, height: 1000 }, javaScriptEnabled });
    await page.goto(`${portal.url}${path}`);
    await page.getByRole('button', { name: /Ada Admin/ }).click();
    await page.waitForURL(`${portal.url}${path}`);
    return page;
  }

  it.each([true, false])(
    'an admin previews a file, starts it, sees it done, and undoes it (JavaScript: %s)',
    async (javaScriptEnabled) => {
      const page = await open('/admin/bulk', javaScriptEnabled);
      const name = javaScriptEnabled ? 'with' : 'without';
      const file = [
        'Email;First Name;Colour',
        `${name}1@fabrikam.com;Ana;red`,
        `${name}+2@fabrikam.com;Ben;`,
      ];
      await page.getByLabel('CSV file').setInputFiles({
        name: `${name}.csv`,
        mimeType: 'text/csv',
        buffer: Buffer.from(`\ufeff${file.join('\r\n')}`),
      });
      await page.getByLabel('A sentence for the email (optional)').fill('Welcome to the spring project.');
      await page.getByRole('button', { name: 'Show what would happen' }).click();

      await page.getByText('1 person will be invited · 1 refused').waitFor();
      await page.getByText('This column isn’t known and was ignored: Colour'.replace('’', "'")).waitFor();
      await page
        .getByText(`perhaps ${name}2@fabrikam.com`)
        .or(page.getByText(`perhaps ${name}@fabrikam.com`))
        .waitFor();
      await page.getByText('The email as the first person will read it').click();
      await page.getByText('Welcome to the spring project.').waitFor();

      await page.getByRole('button', { name: 'Start: 1 person' }).click();
      await page.getByText('The run has started.').waitFor();
      // The page follows the run, with and without JavaScript.
      await page.getByRole('link', { name: 'Undo this run' }).waitFor();
      await page.getByText('1 of 1 rows').waitFor();

      await page.getByRole('link', { name: 'Undo this run' }).click();
      await page.getByText('2 groups and apps that the run gave will be taken back.').waitFor();
      await page.getByRole('button', { name: 'Undo this run' }).click();
      await page
        .getByText('Taken back: Group partners, Group crm.')
        .or(page.getByText('Taken back: Group crm, Group partners.'))
        .waitFor();
    },
    90_000,
  );

  it('the rows of a run follow it, and keep the focus', async () => {
    const { tenant } = walk().site;
    const page = await open('/admin/bulk', true);
    await page.getByText('Paste rows instead').click();
    const people = Array.from({ length: 60 }, (_, index) => `follow${index}@fabrikam.com`);
    await page.getByLabel('Rows or addresses').fill(people.join('\n'));
    await page.getByRole('button', { name: 'Show what would happen' }).click();
    await tenant.settings({ latencyMs: 1_000 });
    await page.getByRole('button', { name: 'Start: 60 people' }).click();
    await page.evaluate('window.loadedOnce = true');
    const link = page.getByRole('link', { name: 'follow49@fabrikam.com' });
    await link.focus();
    await page.locator('#rows').getByText('Has access').first().waitFor();
    await page.getByRole('link', { name: /^Done/ }).waitFor();
    expect(await page.evaluate('window.loadedOnce')).toBe(true);
    expect(await page.evaluate('document.activeElement.textContent')).toContain('follow49@fabrikam.com');
    await tenant.settings({ latencyMs: 0 });
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped.').waitFor();
  }, 90_000);
});
