import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { loadLanguages } from '../../src/language.js';
import { launchChromium } from '../support/browsers.js';
import { freePort } from '../support/freePort.js';
import { PARTNER_PEOPLE } from '../support/partnerPeople.js';
import { STAFF } from '../support/staff.js';
import { waitFor } from '../support/waitFor.js';

// Takes the pictures of docs/images from the demo, all at once: `npm run pictures`.

const FOLDER = 'docs/images';
const MOST_BYTES = 100_000;
const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 780 } };
const DESK: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
const DARK: BrowserContextOptions = { colorScheme: 'dark' };

/** The button that people press at the end of a step. */
const SEND = '#sign-up > button:not([name], .visually-hidden)';

type Demo = { portal: string; tenant: string; end(): Promise<unknown> };

async function startDemo(): Promise<Demo> {
  const [port, tenantPort] = [await freePort(), await freePort()];
  const env = { ...process.env, PORT: String(port), SIMULATOR_PORT: String(tenantPort) };
  const demo = spawn(process.execPath, ['--import', 'tsx', 'simulator/demo.ts'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(demo, 'exit');
  const ready = new Promise<void>((resolve, reject) => {
    createInterface(demo.stdout).on('line', (line) => {
      if (line.includes('Ctrl+C')) resolve();
    });
    demo.once('exit', () => {
      reject(new Error('The demo has ended'));
    });
  });
  await ready;
  return {
    portal: `http://localhost:${port}`,
    tenant: `http://localhost:${tenantPort}`,
    end() {
      demo.kill('SIGTERM');
      return ended;
    },
  };
}

/** As WebP, in the best quality that is small enough; `fullPage` shows what lies below the window too. */
async function shoot(page: Page, fullPage = false): Promise<Buffer> {
  await page.evaluate('document.fonts.ready');
  const devtools = await page.context().newCDPSession(page);
  for (const quality of [90, 80, 65, 50, 35]) {
    const { data } = await devtools.send('Page.captureScreenshot', {
      format: 'webp',
      quality,
      captureBeyondViewport: fullPage,
      ...(fullPage && { clip: { ...(await extent(page)), x: 0, y: 0, scale: 1 } }),
    });
    const picture = Buffer.from(data, 'base64');
    if (picture.length <= MOST_BYTES) return picture;
  }
  throw new Error(`The picture of ${page.url()} is too large`);
}

const extent = (page: Page) =>
  page.evaluate<{ width: number; height: number }>(
    '({ width: innerWidth, height: document.documentElement.scrollHeight })',
  );

async function keep(name: string, picture: Buffer): Promise<void> {
  await writeFile(`${FOLDER}/${name}.webp`, picture);
  process.stdout.write(`${name}.webp  ${Math.round(picture.length / 1000)} kB\n`);
}

/** Puts pictures of phones beside each other. */
async function keepRow(browser: Browser, name: string, pictures: Buffer[]): Promise<void> {
  const height = 640;
  const context = await browser.newContext({
    viewport: { width: 340 * pictures.length, height: height + 32 },
  });
  const page = await context.newPage();
  const images = pictures.map((one) => `<img src="data:image/webp;base64,${one.toString('base64')}">`);
  await page.setContent(`<style>
    body { display: flex; gap: 16px; justify-content: center; margin: 16px; background: #8a93a0 }
    img { height: ${height}px; border-radius: 12px }
  </style>${images.join('')}`);
  await keep(name, await shoot(page));
  await context.close();
}

const isShown = (page: Page, state: string) => page.locator(`#status[data-state="${state}"]`).waitFor();

type Studio = ReturnType<typeof openStudio>;

/** What people do in front of the camera. */
function openStudio(browser: Browser, { portal, tenant }: Demo) {
  /** Opens a browser with nothing in it, and closes it when the pictures are taken. */
  async function inNewBrowser<T>(
    options: BrowserContextOptions,
    look: (page: Page) => Promise<T>,
  ): Promise<T> {
    const context = await browser.newContext({
      deviceScaleFactor: 2,
      locale: 'en-GB',
      reducedMotion: 'reduce',
      ...options,
    });
    // For a busy machine.
    context.setDefaultTimeout(120_000);
    try {
      return await look(await context.newPage());
    } finally {
      await context.close();
    }
  }

  /** Fills in the form; of an address that is refused, nothing more is asked. */
  async function signUp(page: Page, email: string, firstName: string, company: string): Promise<void> {
    await page.goto(portal);
    await page.fill('[name=email]', email);
    await page.click(SEND);
    await page.waitForURL(/sign-up|requests/);
    if (page.url().includes('/requests/')) return;
    const rest = { firstName, lastName: 'Lind', company, reason: 'Orders and invoices of our customers' };
    for (const [name, value] of Object.entries(rest)) await page.fill(`[name=${name}]`, value);
    await page.check('[name=terms]');
    await page.click(SEND);
    await page.waitForURL(/\/requests\/[\w-]{22}$/);
  }

  async function signIn(page: Page, oid: string, path: string): Promise<void> {
    await page.goto(portal + path);
    await page.locator(`button[name=oid][value="${oid}"]`).click();
    await page.waitForURL(portal + path);
  }

  async function openRequest(page: Page, address: string): Promise<void> {
    await page.goto(`${portal}/admin/requests`);
    await page.locator('a[href^="/admin/requests/"]', { hasText: address }).first().click();
    await page.waitForURL(/\/admin\/requests\/[\w-]{36}/);
  }

  return { browser, portal, tenant, inNewBrowser, signUp, signIn, openRequest };
}

/** The form, in every language. */
async function takeLanguages({ browser, portal, inNewBrowser }: Studio): Promise<void> {
  const forms: Buffer[] = [];
  for (const locale of loadLanguages().available)
    forms.push(
      await inNewBrowser({ ...PHONE, locale }, async (page) => {
        await page.goto(portal);
        return shoot(page);
      }),
    );
  await keepRow(browser, 'languages', forms);
}

/** The partner's way, light and dark. */
async function takeWay({ browser, inNewBrowser, signUp }: Studio): Promise<void> {
  const themes = { light: {}, dark: DARK };
  const ways = { answered: [] as Buffer[], code: [] as Buffer[] };
  for (const [name, theme] of Object.entries(themes))
    await inNewBrowser({ ...PHONE, ...theme }, async (page) => {
      await signUp(page, `ana.${name}@fabrikam.com`, 'Ana', 'Fabrikam');
      await isShown(page, 'answered');
      ways.answered.push(await shoot(page));
      await signUp(page, `tom.${name}@wingtiptoys.com`, 'Tom', 'Wingtip Toys');
      ways.code.push(await shoot(page));
    });
  await keepRow(browser, 'status', ways.answered);
  await keepRow(browser, 'proof-code', ways.code);
}

/** How a partner's people show who they are. */
async function takeProofs({ portal, tenant, inNewBrowser, signUp }: Studio): Promise<void> {
  await inNewBrowser(PHONE, async (page) => {
    const link = await waitFor('the link', async () => {
      await page.goto(`${tenant}/inbox?to=tom.light@wingtiptoys.com`);
      const mail = page.locator('a.list-group-item').first();
      if (!(await mail.count())) return undefined;
      await mail.click();
      return page.locator('a[href*="/verify/link/"]').first().getAttribute('href');
    });
    await page.goto(link);
    await keep('proof-link', await shoot(page));
  });
  await inNewBrowser(PHONE, async (page) => {
    await signUp(page, 'pia@proseware.com', 'Pia', 'Proseware');
    await keep('proof-tenant', await shoot(page));
    await page.locator('#proof a.btn').click();
    await page.locator(`button[name=oid][value="${PARTNER_PEOPLE.pia}"]`).click();
    await isShown(page, 'provisioned');
  });
  await inNewBrowser(PHONE, async (page) => {
    await page.goto(`${portal}/verify/tenant`);
    await page.locator(`button[name=oid][value="${PARTNER_PEOPLE.per}"]`).click();
    await page.waitForURL(`${portal}/verify/form`);
    await keep('proof-form', await shoot(page));
  });
  await inNewBrowser(DESK, async (page) => {
    await page.goto(`${tenant}/inbox?to=ana.light@fabrikam.com`);
    await page.locator('a.list-group-item').first().click();
    await page.waitForLoadState('networkidle');
    await keep('inbox', await shoot(page));
  });
}

/** What people of the organisation see of it. */
async function takeStaff(studio: Studio): Promise<void> {
  const { portal, inNewBrowser, signUp, signIn, openRequest } = studio;
  const people = { dee: 'Dee', finn: 'Finn', hana: 'Hana', ines: 'Inés', li: 'Li', omar: 'Omar' };
  for (const [name, firstName] of Object.entries(people))
    await inNewBrowser(PHONE, (page) => signUp(page, `${name}@litware.com`, firstName, 'Litware'));
  await inNewBrowser(PHONE, (page) => signUp(page, 'tia@tailspintoys.com', 'Tia', 'Tailspin Toys'));
  await inNewBrowser({ ...DESK, ...DARK }, async (page) => {
    await signIn(page, STAFF.ada, '/admin');
    await keep('overview-dark', await shoot(page));
  });
  await inNewBrowser(DESK, async (page) => {
    await signIn(page, STAFF.ada, '/admin');
    await keep('overview', await shoot(page));
    await page.goto(`${portal}/admin/requests`);
    await keep('requests', await shoot(page));
    await openRequest(page, 'dee@litware.com');
    await keep('request', await shoot(page));
    await openRequest(page, 'pia@proseware.com');
    await page.locator('#proof').scrollIntoViewIfNeeded();
    await keep('request-proof', await shoot(page));
    await page.goto(`${portal}/admin/partners/litware`);
    await page.locator('[name=domains]').fill('litware.com\ntailspintoys.com');
    await page.locator('form[action="/admin/partners/litware"] button.btn-primary').last().click();
    await page.locator('form[action="/admin/policy/save"]').waitFor();
    await keep('preview', await shoot(page));
    await page.goto(`${portal}/admin/doctor`);
    await page.locator('#findings h2').first().waitFor();
    await keep('doctor', await shoot(page));
  });
}

/** A file of invitations: what it would do, how far it is, and how it is undone. */
async function takeRun({ inNewBrowser, signIn }: Studio): Promise<void> {
  const people = Array.from({ length: 12 }, (_, index) => `guest${index + 1}@fabrikam.com`);
  const rows = ['Email', ...people, 'ana+news@fabrikam.com', 'eve@gmail.com'].join('\n');
  await inNewBrowser(DESK, async (page) => {
    await signIn(page, STAFF.ada, '/admin/bulk');
    await page.locator('details > summary').last().click();
    await page.fill('[name=rows]', rows);
    await page.locator('form.bulk button.btn-primary').click();
    await page.waitForURL(/\/admin\/runs\//);
    await keep('bulk-preview', await shoot(page));
    await page.locator('form[action$="/start"] button').click();
    await page.locator('#progress progress[value="3"], #progress progress[value="4"]').waitFor();
    await keep('bulk-run', await shoot(page));
    await page.locator('a[href$="/undo"]').waitFor();
    await keep('bulk-done', await shoot(page));
    await page.locator('a[href$="/undo"]').click();
    await page.locator('.confirm').waitFor();
    await keep('bulk-undo', await shoot(page));
  });
}

/** What guests cost: with licences enough, and with too few. */
async function takeLicences({ portal, tenant, inNewBrowser, signIn }: Studio): Promise<void> {
  await inNewBrowser(DESK, async (page) => {
    await signIn(page, STAFF.ada, '/admin/licences');
    await page.locator('form[action="/admin/licences/read"] button').click();
    await keep('licences', await shoot(page));
    await fetch(`${tenant}/control/settings`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        subscriptions: [{ skuPartNumber: 'AAD_PREMIUM', enabled: 1, plans: ['p1'] }],
      }),
    });
    await page.goto(`${portal}/admin/licences`);
    await page.locator('form[action="/admin/licences/read"] button').click();
    await page.locator('.lead').first().waitFor();
    await keep('licences-missing', await shoot(page));
  });
}

await mkdir(FOLDER, { recursive: true });
const [demo, browser] = await Promise.all([startDemo(), launchChromium()]);
try {
  const studio = openStudio(browser, demo);
  for (const take of [takeLanguages, takeWay, takeProofs, takeStaff, takeRun, takeLicences])
    await take(studio);
} finally {
  await browser.close();
  await demo.end();
}
