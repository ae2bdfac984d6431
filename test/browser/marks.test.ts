import { aPartner, aPolicy } from '../support/aPolicy.js';
import { inChromium } from './inChromium.js';

// Marks that everybody has to see: of focus, of what is done, of what can be pressed.

const policy = aPolicy({
  partners: [aPartner(), aPartner({ id: 'northwind', domains: ['northwind.se'], limits: { perHour: 1 } })],
});

inChromium({ policy }, (walk) => {
  it.each(['none', 'active'] as const)(
    'the focus is marked by an outline with forced colours %s',
    async (forcedColors) => {
      const { portal, openPage } = walk();
      const page = await openPage({ forcedColors });
      await page.goto(`${portal.url}/`);
      await page.fill('#email', 'ana@fabrikam.com');
      await page.keyboard.press('Enter');
      for (const selector of ['#firstName', '#reason', 'main form button.btn-primary', 'a.brand']) {
        await page.locator(selector).focus();
        await page.keyboard.press('Shift+Tab');
        await page.keyboard.press('Tab');
        const { width, style, colour, shadow } = await page.evaluate<Mark>(FOCUSED);
        expect([selector, width, style, shadow]).toEqual([selector, '3px', 'solid', 'none']);
        // 16 to 1 on white; forced colours choose their own.
        if (forcedColors === 'none') expect(colour).toBe('rgb(23, 32, 43)');
      }
    },
  );

  it('what is done is told by a sign, not by a background, which forced colours take away', async () => {
    const { portal, openPage } = walk();
    const path = await portal.visitor().apply({ email: 'dots@fabrikam.com' });
    const page = await openPage({ forcedColors: 'active' });
    await page.goto(portal.url + path);
    await page.waitForSelector('.done .dot');
    expect(await page.evaluate<string>(SIGN)).toContain('✓');
  });

  it('boxes are 24 px on every screen, and buttons 44 px on a phone', async () => {
    const { portal, openPage } = walk();
    const page = await openPage({ viewport: { width: 390, height: 844 } });
    await page.goto(`${portal.url}/admin`);
    await page.getByRole('button', { name: 'Ada Admin' }).click();
    await page.waitForURL(`${portal.url}/admin`);
    await page.goto(`${portal.url}/admin/requests`);
    for (const box of await page.locator('input[type=checkbox]:visible').all()) {
      const { width = 0, height = 0 } = (await box.boundingBox()) ?? {};
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(24);
    }
    for (const button of await page.locator('main .btn:not(.btn-link):visible').all()) {
      const { height = 0 } = (await button.boundingBox()) ?? {};
      expect(height).toBeGreaterThanOrEqual(44);
    }
  });

  it('without JavaScript a page that waits for longer does not load itself, and offers a link', async () => {
    const { portal, openPage } = walk();
    await portal.visitor().apply({ email: 'first@northwind.se' });
    const path = await portal.visitor().apply({ email: 'second@northwind.se' });
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto(portal.url + path);
    expect(await page.locator('meta[http-equiv=refresh]').count()).toBe(0);
    await page.getByRole('link', { name: 'Check again' }).click();
    expect(await page.getByText("We'll continue with your request at").isVisible()).toBe(true);
  });
});

type Mark = { width: string; style: string; colour: string; shadow: string };
const FOCUSED = `(() => {
  const { outlineWidth, outlineStyle, outlineColor, boxShadow } = getComputedStyle(document.activeElement);
  return { width: outlineWidth, style: outlineStyle, colour: outlineColor, shadow: boxShadow };
})()`;
const SIGN = `getComputedStyle(document.querySelector('.done .dot'), '::after').content`;
