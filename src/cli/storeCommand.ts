import { codeOf } from '../codeOf.js';
import { ConfigError, loadStoreConfig } from '../config.js';
import { createLog } from '../log.js';
import { isStoreDown, isStoreMade, openStore, type StoreConfig } from '../store/database.js';
import { LockedError } from '../store/exclusiveLock.js';
import type { Db } from '../store/schema.js';

/** What a command does with the store. Returns its exit code. */
export type StoreCommand = (db: Db) => Promise<number>;

/** The command does not take these arguments; the message may say which. */
export class UsageError extends Error {}

/** EX_USAGE and EX_UNAVAILABLE of sysexits.h. */
export const EXIT = { ok: 0, usage: 64, unavailable: 69 };

type Texts = {
  usage: string;
  /** What to do instead while a portal has the embedded store open. */
  locked: string;
};

type Cli = Texts & {
  /** @throws {UsageError} or what `parseArgs` throws */
  parse(args: string[]): StoreCommand;
};

/** Runs the command in the arguments of the process on the store of the environment, and sets the exit code. */
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
  if (!isStoreThere(config)) return EXIT.unavailable;
  const store = await openStore(config, createLog('silent'));
  try {
    return await command(store.db);
  } finally {
    await store.close();
  }
}

/** Opening would make an empty store: it would seem in order, and to hold no data of the person. */
export function isStoreThere(config: StoreConfig): boolean {
  const isThere = isStoreMade(config);
  if (!isThere) console.error(`DATABASE_URL isn't set, and there's no embedded store in ${config.dataDir}.`);
  return isThere;
}

/** What went wrong, in words for the caller; null for an error of ours. */
export function explain(error: unknown, { usage, locked }: Texts): { text: string; code: number } | null {
  const code = codeOf(error);
  const { message } = error as Error;
  if (error instanceof UsageError || code.startsWith('ERR_PARSE_ARGS')) {
    return { text: `${message ? `${message}\n\n` : ''}${usage}`, code: EXIT.usage };
  }
  // The reader of the output has closed it, as `head` does.
  if (code === 'EPIPE') return { text: '', code: EXIT.ok };
  if (error instanceof ConfigError) return { text: error.message, code: EXIT.usage };
  if (error instanceof LockedError) {
    const text = `A running portal has the embedded store open, and no other process may open it. ${locked}`;
    return { text, code: EXIT.unavailable };
  }
  if (isStoreDown(error))
    return { text: `The database can't be reached: ${message}`, code: EXIT.unavailable };
  return null;
}
