import { statfs } from 'node:fs/promises';
import { codeOf } from '../../codeOf.js';
import { IdentityFault } from '../../entra/managedIdentity.js';
import { isStoreDown, isUntrusted, type Store, serverVersion } from '../../store/database.js';
import { pendingMigrations } from '../../store/migrations/index.js';
import { finding, type Finding, type CheckUp } from '../finding.js';

const OLDEST = 150_000;
const SLOW_MS = 500;
const LOW_MB = 1_024;
const FULL_MB = 100;

/** The store answers fast enough and is fit for its use. */
export const examineStore: CheckUp = async function examineStore({ store, config }) {
  if (!store) return [];
  try {
    const ms = await quickestAnswer(store);
    const version = await serverVersion(store.db);
    const pending = await pendingMigrations(store.db);
    const found = [
      ...(pending > 0 ? [finding('store', 'behind', { count: pending })] : []),
      ...(ms > SLOW_MS ? [finding('store', 'slow', { ms })] : []),
      ...(config.databaseUrl ? [] : await embedded(config.dataDir, config.production)),
      ...(config.databaseUrl && version < OLDEST
        ? [finding('store', 'tooOld', { version: formatVersion(version) })]
        : []),
    ];
    if (found.length > 0) return found;
    return [
      finding('store', config.databaseUrl ? 'postgres' : 'embedded', { version: formatVersion(version), ms }),
    ];
  } catch (error) {
    if (!isStoreDown(error)) throw error;
    return [finding('store', troubleWith(error), { message: (error as Error).message })];
  }
};

/** Why a database cannot be used; each kind has its own advice. */
function troubleWith(error: unknown): 'noToken' | 'refused' | 'untrusted' | 'down' {
  if (error instanceof IdentityFault) return 'noToken';
  if (codeOf(error).startsWith('28')) return 'refused';
  return isUntrusted(error) ? 'untrusted' : 'down';
}

/** In ms. The quickest of three, because one answer may have waited for a connection or for this process. */
async function quickestAnswer(store: Pick<Store, 'ping'>): Promise<number> {
  let quickest = Infinity;
  for (let time = 0; time < 3; time += 1) {
    const started = performance.now();
    await store.ping();
    quickest = Math.min(quickest, performance.now() - started);
  }
  return Math.round(quickest);
}

async function embedded(dataDir: string, production: boolean): Promise<Finding[]> {
  const { bavail, bsize } = await statfs(dataDir);
  const megabytes = Math.floor((bavail * bsize) / 1024 ** 2);
  return [
    ...(production ? [finding('store', 'embeddedInProduction')] : []),
    ...diskFindings(megabytes, dataDir),
  ];
}

/** Whether there is enough free space for an embedded store. */
export function diskFindings(megabytes: number, folder: string): Finding[] {
  if (megabytes >= LOW_MB) return [];
  return [finding('store', megabytes < FULL_MB ? 'diskFull' : 'diskLow', { megabytes, folder })];
}

function formatVersion(version: number): string {
  return `${Math.floor(version / 10_000)}.${version % 10_000}`;
}
