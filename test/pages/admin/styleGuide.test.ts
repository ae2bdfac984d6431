import { readdirSync } from 'node:fs';
import { createApp } from '../../../src/app.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { routesOf } from '../../support/routes.js';

/** Parts of pages and of other partials, rather than components. */
const PARTS = [
  'blocks',
  'botFields',
  'errorMore',
  'field',
  'fixedAddress',
  'footer',
  'formTop',
  'head',
  'header',
  'noEnter',
  'spans',
  'suggestion',
  'webmail',
  'withContact',
];

let portal: TestPortal;
beforeAll(async () => {
  portal = await startPortal({ worker: false });
});
afterAll(() => portal.close());

test('the style guide shows every component', async () => {
  const { status, text } = await (await portal.staff('aud')).get('/admin/styleguide');
  expect(status).toBe(200);
  const components = readdirSync('views/partials')
    .map((file) => file.replace('.ejs', ''))
    .filter((name) => !PARTS.includes(name));
  const shown = [...text.matchAll(/<h2 id="(\w+)">/g)].map(([, name]) => name);
  expect(shown).toEqual(expect.arrayContaining(components));
});

test('only staff see it', async () => {
  expect((await portal.visitor().get('/admin/styleguide')).status).toBe(303);
  expect((await (await portal.staff('nils')).get('/admin/styleguide')).status).toBe(403);
});

test.each([
  [false, true],
  [true, false],
])('with production %s, that there is one is %s', (production, isThere) => {
  const { deps } = portal;
  const app = createApp({ ...deps, config: { ...deps.config, production } });
  expect(routesOf(app).some(({ path }) => path === '/admin/styleguide')).toBe(isThere);
});
