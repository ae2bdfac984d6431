import { inspect } from 'node:util';
import { MissingAssets } from './assets.js';
import { createApp } from './app.js';
import { startSealer } from './audit/seal.js';
import { startBackground } from './background.js';
import { codeOf } from './codeOf.js';
import { ConfigError, loadConfig } from './config.js';
import { openDeps } from './deps.js';
import { listen } from './http/listen.js';
import { createLog } from './log.js';
import { PolicyError } from './policyFile/faultTexts.js';
import { isStoreDown, UnusableStore } from './store/database.js';
import { LockedError } from './store/exclusiveLock.js';

/** How long a stop may take before the process ends regardless; the deployment allows 30 s. */
const STOP_WITHIN_MS = 25_000;

async function main(): Promise<void> {
  // Before it is ready, there is nothing to finish. In a container the default would ignore the signal.
  let end: (signal: string) => unknown = () => process.exit(0);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(signal));

  const config = loadConfig(process.env);
  const log = createLog(config.logLevel);
  const deps = await openDeps(config, log);
  const background = startBackground(deps);
  const sealer = startSealer({ db: deps.store.db, log });
  const listening = await listen(createApp(deps), config.port);
  log.info(
    { port: config.port, url: config.baseUrl, store: config.databaseUrl ? 'postgresql' : 'embedded' },
    'ready',
  );

  let stopping = false;
  async function stop(signal: string): Promise<void> {
    // Ctrl+C reaches a whole group of processes, and the parent may pass it on as well.
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    deps.stopping.abort();
    setTimeout(() => {
      log.error('could not stop in time; what was under way is resumed at the next start');
      process.exit(1);
    }, STOP_WITHIN_MS).unref();
    // Requests that are queued meanwhile wait for another instance, or for the next start.
    await Promise.all([listening.stop(deps.limits.turnAwaySeconds * 1000), background.stop()]);
    // Last, so that it seals the last events of the others too.
    await sealer.stop();
    await deps.close();
    log.info('stopped');
  }
  end = stop;
}

/** Errors whose message is for the operator. */
const SENTENCES = [ConfigError, MissingAssets, PolicyError, LockedError, UnusableStore];
const FOLDER_FAULTS = new Set(['EACCES', 'EEXIST', 'ENOSPC', 'ENOTDIR', 'EPERM', 'EROFS']);

/** A sentence for a fault that an operator can mend, and the stack for any other error. */
function explain(error: unknown): string {
  if (SENTENCES.some((kind) => error instanceof kind)) {
    return (error as Error).message;
  }
  const code = codeOf(error);
  const { port, message, stack } = error as Error & { port?: number };
  if (code === 'EADDRINUSE') return `Port ${port ?? '?'} is in use by another process: stop it, or set PORT.`;
  if (isStoreDown(error)) return `The database in DATABASE_URL can't be reached: ${message || code}`;
  if (FOLDER_FAULTS.has(code)) return `The folder in DATA_DIR can't be used: ${message}`;
  return stack ?? inspect(error);
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
