import { aPartner, aPolicy } from '../support/aPolicy.js';
import { inChromium } from './inChromium.js';

// The admin area on a phone, in every language: nothing is wider than the page, and a list can be read.

const policy = aPolicy({
  partners: [
    aPartner({ approval: 'manual', name: 'Fabrikam Manufacturing and Trading International' }),
    aPartner({ id: 'quick', name: 'Quick', domains: ['quick.com'] }),
  ],
});

const PATHS = [
  '/admin',
  '/admin/requests',
  '/admin/requests?from=2026-05-02&to=2026-05-01',
  '/admin/partners',
  '/admin/partners/new',
  '/admin/partners/rules',
  '/admin/partners/fabrikam',
  '/admin/apps',
  '/admin/apps/crm',
  '/admin/groups',
  '/admin/policy',
  '/admin/policy/explain?address=ana@fabrikam.com',
  '/admin/policy/versions',
  '/admin/settings',
  '/admin/audit',
  '/admin/doctor',
];

inChromium({ policy }, (walk) => {
  it.each(['en-GB', 'sv-SE', 'de-DE'])(
    'no page is wider than a phone, in %s',
    async (locale) => {
      const { portal, openPage } = walk();
      const name = `a.person.with.a.long.name.${locale.slice(0, 2)}`;
      await portal.visitor().apply({ email: `${name}@fabrikam.com`, firstName: 'Anna-Katharina' });
      await portal.visitor().apply({ email: `${name}@competitor.com` });
      const page = await openPage({ viewport: { width: 390, height: 844 }, locale });
      await page.goto(`${portal.url}/admin`);
      await page.getByRole('button', { name: 'Ada Admin' }).click();
      await page.waitForURL(`${portal.url}/admin`);

      await page.goto(`${portal.url}/admin/requests`);
      const details = await page.evaluate<string[]>(DETAILS);
      expect(details.length).toBeGreaterThan(1);
      const row = page.locator('tbody tr', { hasText: `${name}@fabrikam.com` });
      expect(await row.locator('.pill').isVisible()).toBe(true);
      const box = await row.getByRole('checkbox').boundingBox();
      expect(box?.width).toBeGreaterThan(10);
      expect(await page.evaluate(SIDEWAYS)).toEqual([]);

      const tooWide: string[] = [];
      for (const path of [...PATHS, ...details]) {
        const answer = await page.goto(portal.url + path);
        expect([path, answer?.status()]).toEqual([path, path.includes('from=') ? 422 : 200]);
        const { scrollWidth, clientWidth } = await page.evaluate<Widths>(WIDTHS);
        const squeezed = await page.evaluate<string[]>(SQUEEZED);
        if (scrollWidth > clientWidth) tooWide.push(`${path}: ${scrollWidth}`);
        tooWide.push(...squeezed.map((text) => `${path}: ${text}`));
      }
      expect(tooWide).toEqual([]);
    },
    120_000,
  );
});

const DETAILS = `[...document.querySelectorAll('tbody th a')].map((link) => link.getAttribute('href'))`;
type Widths = { scrollWidth: number; clientWidth: number };
const WIDTHS =
  '(({ scrollWidth, clientWidth }) => ({ scrollWidth, clientWidth }))(document.scrollingElement)';
/** The list of requests fits without a way to scroll it. */
const SIDEWAYS = `[...document.querySelectorAll('#requests .scroll')]
  .filter((part) => part.scrollWidth > part.clientWidth).map((part) => part.scrollWidth)`;
/** Words that stand one letter a line. */
const SQUEEZED = `[...document.querySelectorAll('main p, main a, main dd, main label, main .btn')]
  .filter((part) => part.checkVisibility() && part.textContent.trim().length > 8)
  .filter((part) => part.getBoundingClientRect().width > 0 && part.getBoundingClientRect().width < 20)
  .map((part) => part.textContent.trim().slice(0, 60))`;
