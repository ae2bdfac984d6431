import type { Page } from 'playwright-core';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { waitFor } from '../support/waitFor.js';
import { inChromium } from './inChromium.js';

// People with a real browser go through the list: they narrow it without leaving the page, decide on several requests at
// once, and get to the first request with few keys, by a phone as well.

const policy = aPolicy({ partners: [aPartner({ approval: 'manual' })] });
const PEOPLE = ['ana', 'bo', 'cecilia', 'dag'];
const WAITING = '/admin/requests?state=pending&sort=oldest';

inChromium({ policy }, (walk) => {
  beforeAll(async () => {
    for (const name of PEOPLE) {
      const email = `${name}@${name === 'dag' ? 'competitor.com' : 'fabrikam.com'}`;
      await walk().portal.visitor().apply({ email, firstName: name, lastName: 'Lind' });
    }
  });

  async function signIn(page: Page, name: string, path = '/admin'): Promise<void> {
    await page.goto(walk().portal.url + path);
    await page.getByRole('button', { name }).click();
    await page.getByText(`Signed in as ${name}`).waitFor({ state: 'attached' });
  }
  const addresses = (page: Page) => page.locator('tbody .address').allTextContents();
  const focused = (page: Page) =>
    page.evaluate<string>('document.activeElement.textContent.trim().replace(/\\s+/g, " ")');

  it('the list follows its search, filters and sort without a reload', async () => {
    const { portal } = walk();
    const page = await walk().openPage();
    await signIn(page, 'Ada Admin');
    await page.goto(portal.url + WAITING);
    expect(await addresses(page)).toEqual(['ana@fabrikam.com', 'bo@fabrikam.com', 'cecilia@fabrikam.com']);
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
    expect(page.url()).toContain('sort=address');

    // The form follows the order of the list, and its menu gives way to what it has found.
    await page.getByText('Filters', { exact: true }).click();
    expect(await page.getByLabel('Order').inputValue()).toBe('address');
    await page.getByRole('combobox', { name: 'Partner' }).selectOption('fabrikam');
    await page.locator('.filters-more').getByRole('button', { name: 'Show' }).click();
    await page.getByText('Partner: Fabrikam').waitFor();
    expect(await page.getByLabel('Order').isVisible()).toBe(false);
    expect(page.url()).toContain('sort=address');
    expect(await page.evaluate('window.notReloaded')).toBe(true);
    await page.getByRole('link', { name: /Partner: Fabrikam/ }).click();
    await page.waitForURL((url) => !url.search.includes('partner'));
    await page.getByRole('link', { name: /^All/ }).click();
    await page.getByText('4 requests on this page').waitFor();
  });

  it('the first request is five tabs away, its decision five more, and neither is at hand by accident', async () => {
    const page = await walk().openPage();
    await signIn(page, 'Arne Approver');
    // Who only decides lands here.
    expect(page.url()).toBe(walk().portal.url + WAITING);
    expect(await tabsTo(page, 'tbody th a')).toBeLessThanOrEqual(5);
    expect(await focused(page)).toContain('ana@fabrikam.com');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'ana@fabrikam.com' }).waitFor();
    expect(await tabsTo(page, '#approve-button')).toBeLessThanOrEqual(5);
  });

  it('keys move through the rows, open one, and ask before they decide', async () => {
    const { portal } = walk();
    const page = await walk().openPage();
    await signIn(page, 'Arne Approver');
    await page.keyboard.press('j');
    expect(await focused(page)).toContain('ana@fabrikam.com');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    expect(await focused(page)).toContain('bo@fabrikam.com');

    await page.keyboard.press('d');
    await page.getByRole('heading', { name: 'Deny one request?' }).waitFor();
    expect(await page.getByRole('dialog').getByText('bo@fabrikam.com').isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.locator('[name=request]:checked').waitFor({ state: 'detached' });
    expect(await focused(page)).toContain('bo@fabrikam.com');

    await page.keyboard.press('x');
    expect(await page.getByText('Selected: 1').isVisible()).toBe(true);
    await page.keyboard.press('x');
    expect(await page.getByText('Selected:').isVisible()).toBe(false);

    // A letter that is typed is a letter.
    await page.keyboard.press('/');
    await page.keyboard.type('jx?');
    expect(await page.getByLabel('Search').inputValue()).toBe('jx?');
    await page.getByLabel('Search').fill('bo');
    await page.keyboard.press('Enter');
    await page.getByText('1 request on this page').waitFor();
    // Keys go on after the list was replaced.
    await page.evaluate('document.activeElement.blur()');
    await page.keyboard.press('j');
    await page.keyboard.press('Control+a');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'bo@fabrikam.com' }).waitFor();
    await page.keyboard.press('d');
    expect(await page.evaluate('document.activeElement.id')).toBe('denyReason');
    await page.evaluate('document.activeElement.blur()');
    await page.keyboard.press('a');
    await page.getByRole('heading', { name: 'Approve the request of bo@fabrikam.com?' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect(await page.locator('#state').textContent()).toContain('Awaiting approval');

    // The switch holds on every page of this browser.
    await page.keyboard.press('?');
    await page.getByLabel('Use these keys in this browser').uncheck();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.goto(portal.url + WAITING);
    for (const key of ['j', 'a', '?']) await page.keyboard.press(key);
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await page.evaluate('document.activeElement === document.body')).toBe(true);
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await page.getByLabel('Use these keys in this browser').check();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.keyboard.press('j');
    expect(await focused(page)).toContain('ana@fabrikam.com');
  });

  it('on a phone the first request begins above 300 px, and filters are behind a button', async () => {
    const page = await walk().openPage({ viewport: { width: 390, height: 844 } });
    await signIn(page, 'Ada Admin', WAITING);
    const top = async () => (await page.locator('tbody tr').first().boundingBox())?.y;
    expect(await top()).toBeLessThan(300);
    expect(await page.getByLabel('Search').isVisible()).toBe(false);
    await page.getByText('Filters', { exact: true }).click();
    expect(await page.getByLabel('Search').isVisible()).toBe(true);
    expect(await page.getByLabel('From').isVisible()).toBe(true);
  });

  it('several are denied after a question with their number, and the list says so with a way to the next', async () => {
    const page = await walk().openPage();
    await signIn(page, 'Arne Approver');
    expect(await addresses(page)).toHaveLength(3);
    await page.getByLabel('Select all requests on this page').check();
    await page.getByLabel('Select cecilia@fabrikam.com').uncheck();
    expect(await page.getByText('Selected: 2').isVisible()).toBe(true);
    // Enter on a box decides nothing.
    await page.evaluate('window.notReloaded = true');
    await page.getByLabel('Select bo@fabrikam.com').press('Enter');
    expect(await page.evaluate('window.notReloaded')).toBe(true);

    await page.getByRole('button', { name: 'Deny…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Deny 2 requests?' });
    await dialog.getByText('bo@fabrikam.com').waitFor();
    await dialog.getByRole('button', { name: 'Deny 2 requests' }).click();
    await page.getByRole('alert').getByText('Enter a reason the person will understand').waitFor();
    expect(await page.title()).toMatch(/^Error: Deny 2 requests\?/);
    await page.getByLabel('Reason').fill('The project ended');
    await page.getByRole('button', { name: 'Deny 2 requests' }).click();
    await page.getByRole('status').getByText('Denied 2 requests.').waitFor();
    expect(page.url()).toContain('/admin/requests?sort=oldest&state=pending');
    expect(await page.evaluate('document.activeElement.matches(".flash")')).toBe(true);
    expect(await addresses(page)).toEqual(['cecilia@fabrikam.com']);
    await page.getByRole('link', { name: 'Next request (1 left)' }).click();
    await page.getByRole('heading', { name: 'cecilia@fabrikam.com' }).waitFor();
    await page.getByRole('button', { name: 'Approve and invite' }).click();
    await page.getByText('Approved. The invitation is on its way. Nothing else is waiting').waitFor();
    await waitFor('the guest', () => walk().site.tenant.guest('cecilia@fabrikam.com'));
  });

  it('without scripts the same buttons lead to a page that asks', async () => {
    const { portal } = walk();
    await portal.visitor().apply({ email: 'eva@fabrikam.com', firstName: 'Eva' });
    const page = await walk().openPage({ javaScriptEnabled: false });
    await signIn(page, 'Arne Approver');
    await page.getByRole('button', { name: 'Approve…' }).click();
    await page.getByRole('alert').getByText('Select at least one request').waitFor();
    await page.getByLabel('Select eva@fabrikam.com').check();
    await page.getByRole('button', { name: 'Approve…' }).click();
    await page.getByRole('heading', { name: 'Approve one request?' }).waitFor();
    await page.getByRole('button', { name: 'Approve one request' }).click();
    await page.getByText('Approved. The invitation is on its way.').waitFor();
  });
});

/** How many tabs lead to an element from the top of a page, by the links that skip what comes before. */
async function tabsTo(page: Page, selector: string): Promise<number> {
  const there = `document.activeElement.matches(${JSON.stringify(selector)})`;
  for (let tabs = 1; tabs < 100; tabs++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate<boolean>(there)) return tabs;
    if (!(await page.evaluate<boolean>('document.activeElement.matches(".skip")'))) continue;
    await page.keyboard.press('Enter');
    if (await page.evaluate<boolean>(there)) return tabs;
  }
  throw new Error(`No tab leads to ${selector}`);
}
