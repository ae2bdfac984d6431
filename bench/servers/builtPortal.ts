import type { Server } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// The portal as `npm run build` makes it, for servers of the bench that start it otherwise than `dist/server.js` does.

/** A module of the build. */
export const built = (file: string) =>
  import(pathToFileURL(join(process.cwd(), 'dist', file)).href) as Promise<unknown>;

export const { createApp } = (await built('app.js')) as typeof import('../../src/app.js');
export const { startSealer } = (await built('audit/seal.js')) as typeof import('../../src/audit/seal.js');
export const { startBackground } = (await built('background.js')) as typeof import('../../src/background.js');
export const { loadConfig } = (await built('config.js')) as typeof import('../../src/config.js');
export const { openDeps } = (await built('deps.js')) as typeof import('../../src/deps.js');
export const { createLog } = (await built('log.js')) as typeof import('../../src/log.js');

/** Ends the process in order when it is told to. */
export function endOnTerm(
  server: Server,
  deps: { close: () => Promise<void> },
  working: { stop: () => Promise<void> }[],
): void {
  process.once('SIGTERM', () => {
    server.close();
    server.closeAllConnections();
    void Promise.all(working.map((part) => part.stop()))
      .then(() => deps.close())
      .then(() => process.exit(0));
  });
}
