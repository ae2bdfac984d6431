import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// The portal as `dist/server.js` starts it, without its worker: requests are accepted and never
// provisioned. The limit of sign-ups a minute is raised, since it would refuse nearly all of them.

const built = (file: string) =>
  import(pathToFileURL(join(process.cwd(), 'dist', file)).href) as Promise<unknown>;
const { createApp } = (await built('app.js')) as typeof import('../../src/app.js');
const { loadConfig } = (await built('config.js')) as typeof import('../../src/config.js');
const { openDeps } = (await built('deps.js')) as typeof import('../../src/deps.js');
const { LIMITS } = (await built('limits.js')) as typeof import('../../src/limits.js');
const { createLog } = (await built('log.js')) as typeof import('../../src/log.js');

const config = loadConfig(process.env);
const deps = await openDeps(config, createLog(config.logLevel), {
  ...LIMITS,
  signUpsPerMinute: 10_000_000,
});
const server = createApp(deps).listen(config.port);

process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void deps.close().then(() => process.exit(0));
});
