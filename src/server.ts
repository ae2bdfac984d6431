import { once } from 'node:events';
import { createApp } from './app.js';
import { ConfigError, loadConfig } from './config.js';
import { openDeps } from './deps.js';
import { startWorker } from './jobs/worker.js';
import { createLog } from './log.js';
import { PolicyError } from './policy/policyFault.js';
import { provision } from './requests/provision.js';

/** How long a stop may take before the process ends regardless; Azure App Service allows 30 s. */
const STOP_WITHIN_MS = 25_000;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLog(config.logLevel);
  const deps = await openDeps(config, log);
  const worker = startWorker({ db: deps.store.db, queue: deps.queue, log }, (requestId, stopping) =>
    provision(deps, requestId, stopping),
  );
  const server = createApp(deps).listen(config.port);
  await once(server, 'listening');
  log.info(
    { port: config.port, url: config.baseUrl, store: config.databaseUrl ? 'postgresql' : 'embedded' },
    'ready',
  );

  async function stop(signal: string): Promise<void> {
    log.info({ signal }, 'stopping');
    setTimeout(() => {
      log.error('could not stop in time; what was under way is resumed at the next start');
      process.exit(1);
    }, STOP_WITHIN_MS).unref();
    const closed = once(server, 'close');
    server.close();
    server.closeIdleConnections();
    await worker.stop();
    await closed;
    await deps.close();
    log.info('stopped');
  }
  process.once('SIGTERM', (signal) => void stop(signal));
  process.once('SIGINT', (signal) => void stop(signal));
}

main().catch((error: unknown) => {
  // These two are messages to the operator; of anything else the stack is wanted too.
  const expected = error instanceof ConfigError || error instanceof PolicyError;
  process.stderr.write(`${expected ? error.message : String((error as Error).stack)}\n`);
  process.exit(1);
});
