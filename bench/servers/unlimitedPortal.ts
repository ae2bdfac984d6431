import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// The portal as `dist/server.js` starts it, with the limit of sign-ups a minute raised, since it would refuse nearly all of
// them. With ACCEPT_ONLY it has no background work: requests are accepted and never provisioned.

const built = (file: string) =>
  import(pathToFileURL(join(process.cwd(), 'dist', file)).href) as Promise<unknown>;
const { createApp } = (await built('app.js')) as typeof import('../../src/app.js');
const { startSealer } = (await built('audit/seal.js')) as typeof import('../../src/audit/seal.js');
const { startBackground } = (await built('background.js')) as typeof import('../../src/background.js');
const { loadConfig } = (await built('config.js')) as typeof import('../../src/config.js');
const { openDeps } = (await built('deps.js')) as typeof import('../../src/deps.js');
const { LIMITS } = (await built('limits.js')) as typeof import('../../src/limits.js');
const { createLog } = (await built('log.js')) as typeof import('../../src/log.js');

const config = loadConfig(process.env);
const log = createLog(config.logLevel);
const deps = await openDeps(config, log, { ...LIMITS, signUpsPerMinute: 10_000_000 });
const working = process.env.ACCEPT_ONLY
  ? []
  : [startBackground(deps), startSealer({ db: deps.store.db, log })];
const server = createApp(deps).listen(config.port);

process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void Promise.all(working.map((part) => part.stop()))
    .then(() => deps.close())
    .then(() => process.exit(0));
});
