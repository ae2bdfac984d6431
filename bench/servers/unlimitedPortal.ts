import {
  built,
  createApp,
  createLog,
  endOnTerm,
  loadConfig,
  openDeps,
  startBackground,
  startSealer,
} from './builtPortal.js';

// The portal as `dist/server.js` starts it, with the limit of sign-ups a minute raised, since it would refuse nearly all of
// them. With ACCEPT_ONLY it has no background work: requests are accepted and never provisioned.

const { LIMITS } = (await built('limits.js')) as typeof import('../../src/limits.js');

const config = loadConfig(process.env);
const log = createLog(config.logLevel);
const deps = await openDeps(config, log, { ...LIMITS, signUpsPerMinute: 10_000_000 });
const working = process.env.ACCEPT_ONLY
  ? []
  : [startBackground(deps), startSealer({ db: deps.store.db, log })];
const server = createApp(deps).listen(config.port);

endOnTerm(server, deps, working);
