import type { Browser } from 'playwright-core';
import { loadLanguages } from '../../src/language.js';
import { chromiumPath, launchChromium } from '../support/browsers.js';
import { PAGES } from './pages.js';
import { THEMES, WIDTHS } from './runs.js';
import { openScene, type Scene } from './scene.js';
import { openViewer, type Viewer } from './viewer.js';

// Every page in every state, in every language, theme and width; takes about three quarters of an hour.

(chromiumPath ? describe : describe.skip)('in Chromium, skipped where there is none', () => {
  let browser: Browser;
  let scene: Scene;
  let viewer: Viewer;

  beforeAll(async () => {
    [scene, browser] = await Promise.all([openScene(), launchChromium()]);
    viewer = openViewer(browser, scene);
  }, 300_000);
  afterAll(async () => {
    await browser.close();
    await scene.close();
  });

  describe.each(loadLanguages().available)('%s', (language) => {
    it.each(PAGES.map((look) => [look.name, look] as const))('%s', async (_name, look) => {
      const opened = await viewer.open(look, language);
      try {
        const found: string[] = [];
        for (const width of WIDTHS)
          for (const theme of THEMES)
            for (const finding of await opened.findings(theme, width))
              found.push(`${theme}, ${width} px: ${finding}`);
        // A person's own colours take all backgrounds and shadows away.
        await opened.page.emulateMedia({ forcedColors: 'active' });
        found.push(
          ...(await opened.page.evaluate<string[]>('look.unmarked(true)')).map(
            (one) => `forced colours: ${one}`,
          ),
        );
        expect(found).toEqual([]);
      } finally {
        await opened.close();
      }
    });
  });
});
