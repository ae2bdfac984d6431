import { aPartner, aPolicy } from '../support/aPolicy.js';
import { inChromium, takePicture } from './inChromium.js';

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

    await page.getByLabel('Choose all requests on this page').check();
    await page.getByLabel('Choose bo@fabrikam.com').uncheck();
    expect(await page.locator('[name=request]:checked').count()).toBe(2);
    await takePicture(page, 'requests');
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    await page.waitForURL((url) => url.pathname !== '/admin/requests');
    await page.goto(`${portal.url}/admin/requests?state=pending`);
    expect(await page.locator('tbody th a').allTextContents()).toEqual(['bo@fabrikam.com']);
  });
});
