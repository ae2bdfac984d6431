import type { Browser } from 'playwright-core';
import { chromiumPath, launchChromium } from '../support/browsers.js';
import { openScene, type Scene, type SceneOptions } from './scene.js';
import { openViewer, type Viewer } from './viewer.js';

/** Runs tests that look at the pages of a scene; they are shown as skipped where there is no Chromium. */
export function inViewer(
  options: () => SceneOptions | Promise<SceneOptions>,
  tests: (viewer: () => Viewer) => void,
): void {
  (chromiumPath ? describe : describe.skip)('in Chromium, skipped where there is none', () => {
    let browser: Browser;
    let scene: Scene;
    let viewer: Viewer;

    beforeAll(async () => {
      [scene, browser] = await Promise.all([openScene(await options()), launchChromium()]);
      viewer = openViewer(browser, scene);
    }, 300_000);
    afterAll(async () => {
      await browser.close();
      await scene.close();
    });

    tests(() => viewer);
  });
}
