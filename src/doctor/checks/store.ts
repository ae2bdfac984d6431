import { statfs } from 'node:fs/promises';
import { codeOf } from '../../codeOf.js';
import { IdentityFault } from '../../entra/managedIdentity.js';
import { isStoreDown, isUntrusted, type Store } from '../../store/database.js';
import { serverVersion } from '../../store/health.js';
import { pendingMigrations } from '../../store/migrations/index.js';
import { finding, type Finding } from '../finding.js';
import type { CheckUp } from '../patient.js';

const OLDEST = 150_000;
const SLOW_MS = 500;
const LOW_MB = 1_024;
const FULL_MB = 100;

/** The store answers, soon enough, and is fit for what it is used for. */
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
        ? [finding('store', 'tooOld', { version: named(version) })]
        : []),
    ];
    if (found.length > 0) return found;
    return [finding('store', config.databaseUrl ? 'postgres' : 'embedded', { version: named(version), ms })];
  } catch (error) {
    if (!isStoreDown(error)) throw error;
    return [finding('store', troubleWith(error), { message: (error as Error).message })];
  }
};

/** Why a database is not to be had, as far as something different is to be done about it. */
function troubleWith(error: unknown): 'noToken' | 'refused' | 'untrusted' | 'down' {
  if (error instanceof IdentityFault) return 'noToken';
  if (codeOf(error).startsWith('28')) return 'refused';
  return isUntrusted(error) ? 'untrusted' : 'down';
}

/** In ms. One alone may have waited for a connection, or for this process. */
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

/** What so much free space means for an embedded store. */
export function diskFindings(megabytes: number, folder: string): Finding[] {
  if (megabytes >= LOW_MB) return [];
  return [finding('store', megabytes < FULL_MB ? 'diskFull' : 'diskLow', { megabytes, folder })];
}

function named(version: number): string {
  return `${Math.floor(version / 10_000)}.${version % 10_000}`;
}
