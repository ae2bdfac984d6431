import { codeOf } from '../codeOf.js';
import { ConfigError, loadStoreConfig } from '../config.js';
import { createLog } from '../log.js';
import { isStoreDown, isStoreMade, openStore } from '../store/database.js';
import { LockedError } from '../store/exclusiveLock.js';
import type { Db } from '../store/schema.js';

/** What a command does with the store. Returns its exit code. */
export type StoreCommand = (db: Db) => Promise<number>;

/** The arguments are none that the command takes; the message, if any, says which. */
export class UsageError extends Error {}

/** EX_USAGE and EX_UNAVAILABLE of sysexits.h. */
const EXIT = { ok: 0, usage: 64, unavailable: 69 };

type Cli = {
  usage: string;
  /** @throws {UsageError} or what `parseArgs` throws */
  parse(args: string[]): StoreCommand;
  /** What to do instead while a portal has the embedded store open. */
  locked: string;
};

/** Runs the command that the arguments of the process ask for, on the store of the environment alone, and sets the exit code. */
export async function runOnStore(cli: Cli): Promise<void> {
  try {
    process.exitCode = await run(cli.parse(process.argv.slice(2)));
  } catch (error) {
    const explained = explain(error, cli);
    if (!explained) throw error;
    if (explained.text) console.error(explained.text);
    process.exitCode = explained.code;
  }
}

async function run(command: StoreCommand): Promise<number> {
  const config = loadStoreConfig(process.env);
  // An empty one that was made just now would be found in order, and to hold nothing of anybody.
  if (!isStoreMade(config)) {
    console.error(`DATABASE_URL is not set, and there is no embedded store in ${config.dataDir}.`);
    return EXIT.unavailable;
  }
  const store = await openStore(config, createLog('silent'));
  try {
    return await command(store.db);
  } finally {
    await store.close();
  }
}

/** What went wrong, for whoever called; null for a fault of ours. */
function explain(error: unknown, { usage, locked }: Cli): { text: string; code: number } | null {
  const code = codeOf(error);
  const { message } = error as Error;
  if (error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS')) {
    return { text: `${message ? `${message}\n\n` : ''}${usage}`, code: EXIT.usage };
  }
  // Whoever read the output has seen enough.
  if (code === 'EPIPE') return { text: '', code: EXIT.ok };
  if (error instanceof ConfigError) return { text: error.message, code: EXIT.usage };
  if (error instanceof LockedError) {
    const text = `A running portal has the embedded store open, and no other process may open it. ${locked}`;
    return { text, code: EXIT.unavailable };
  }
  if (isStoreDown(error))
    return { text: `The database cannot be reached: ${message}`, code: EXIT.unavailable };
  return null;
}
