import { aPartner, aPolicy } from '../support/aPolicy.js';
import { inChromium } from './inChromium.js';

// An admin with a real browser looks at the overview, narrows the list without leaving the page, and decides on several
// requests at once.

const policy = aPolicy({ partners: [aPartner({ approval: 'manual' })] });
const PEOPLE = ['ana', 'bo', 'cecilia', 'dag'];

inChromium({ policy }, (walk) => {
  it('the list follows its filter and sort without a reload, and several requests are approved at once', async () => {
    const { portal } = walk();
    for (const name of PEOPLE) {
      const email = `${name}@${name === 'dag' ? 'competitor.com' : 'fabrikam.com'}`;
      await portal.visitor().apply({ email, firstName: name, lastName: 'Lind' });
    }
    const page = await walk().openPage();
    await page.goto(`${portal.url}/admin`);
    await page.getByRole('button', { name: 'Ada Admin' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(await page.locator('#card-pending .figure').textContent()).toBe('3');

    await page.locator('#card-pending').click();
    await page.getByRole('heading', { name: 'Requests' }).waitFor();
    await page.waitForLoadState();
    expect(await page.locator('tbody tr').count()).toBe(3);
    await page.evaluate('window.notReloaded = true');
    await page.getByLabel('Search').fill('c');
    await page.getByLabel('Search').press('Enter');
    await page.getByText('1 request on this page').waitFor();
    expect(page.url()).toContain('search=c');
    await page.getByLabel('Search').fill('');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('3 requests on this page').waitFor();
    await page.getByRole('link', { name: 'Person' }).click();
    await page.locator('th[aria-sort=ascending] #sort-person').waitFor();
    expect(await page.locator('tbody th a').allTextContents()).toEqual([
      'ana@fabrikam.com',
      'bo@fabrikam.com',
      'cecilia@fabrikam.com',
    ]);
    expect(page.url()).toContain('sort=address');
    await page.getByRole('combobox', { name: 'Partner' }).selectOption('fabrikam');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.waitForURL(/partner=fabrikam/);
    expect(page.url()).toContain('sort=address');
    expect(await page.evaluate('window.notReloaded')).toBe(true);

    // What is typed survives sorting and filtering, and Enter decides nothing.
    await page.getByLabel('Reason', { exact: true }).fill('The project ended');
    await page.getByLabel('Choose bo@fabrikam.com').check();
    await page.getByRole('link', { name: 'Received' }).click();
    await page.locator('th[aria-sort] #sort-received').waitFor();
    expect(await page.getByLabel('Reason', { exact: true }).inputValue()).toBe('The project ended');
    expect(await page.locator('[name=list]').inputValue()).toBe('partner=fabrikam&state=pending');
    await page.getByLabel('Choose bo@fabrikam.com').check();
    await page.getByLabel('Choose bo@fabrikam.com').press('Enter');
    await page.getByLabel('Choose all requests on this page').press('Enter');
    expect(await page.evaluate('window.notReloaded')).toBe(true);

    // The box goes where there is nothing to decide, and comes back with its words.
    await page.getByLabel('Search').fill('nobody');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('No request matches').waitFor();
    expect(await page.getByRole('button', { name: 'Approve', exact: true }).isVisible()).toBe(false);
    await page.getByLabel('Search').fill('');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('3 requests on this page').waitFor();
    expect(await page.getByLabel('Reason', { exact: true }).inputValue()).toBe('The project ended');

    await page.getByLabel('Choose all requests on this page').check();
    await page.getByLabel('Choose bo@fabrikam.com').uncheck();
    expect(await page.locator('[name=request]:checked').count()).toBe(2);
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.getByText('Done for 2 requests').waitFor();
    await page.getByRole('link', { name: 'Back to the list' }).click();
    await page.waitForURL(/\?partner=fabrikam&state=pending$/);
    expect(await page.locator('tbody th a').allTextContents()).toEqual(['bo@fabrikam.com']);

    // Enter on what an approval gives approves nothing either.
    await page.getByRole('link', { name: 'bo@fabrikam.com' }).click();
    await page.getByRole('heading', { name: 'bo@fabrikam.com' }).waitFor();
    await page.evaluate('window.notReloaded = true');
    await page.locator('#actions [name=app]').first().press('Enter');
    expect(await page.evaluate('window.notReloaded')).toBe(true);
    expect(await page.locator('#state .badge-state.pending').count()).toBe(1);

    // Without a choice the list comes back with its words.
    await page.goto(`${portal.url}/admin/requests?state=pending`);
    await page.getByLabel('Note', { exact: true }).fill('Asked Bo');
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByRole('alert').getByText('Choose at least one request').waitFor();
    expect(await page.getByLabel('Note', { exact: true }).inputValue()).toBe('Asked Bo');
    expect(await page.locator('tbody th a').allTextContents()).toEqual(['bo@fabrikam.com']);
  });
});
