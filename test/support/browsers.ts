import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** CHROMIUM, or what the PATH has; undefined when there is none. */
export const chromiumPath = [
  process.env.CHROMIUM ?? '',
  ...onPath('chromium', 'chromium-browser', 'google-chrome'),
].find((path) => path !== '' && existsSync(path));

/** FIREFOX, or what the PATH has; undefined when there is none. */
export const firefoxPath = [process.env.FIREFOX ?? '', ...onPath('firefox-esr', 'firefox')].find(
  (path) => path !== '' && existsSync(path),
);

export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launchChromium(): Promise<Browser> {
  if (!chromiumPath) throw new Error('No Chromium on the PATH, nor in CHROMIUM');
  return chromium.launch({ executablePath: chromiumPath, args: CHROMIUM_FLAGS });
}

function onPath(...names: string[]): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name)));
}
