import { createDirectory, type Directory } from './directory.js';
import type { User } from './objects.js';
import type { Faults } from './faults.js';
import type { Inbox } from './inbox.js';
import type { Ledger } from './ledger.js';
import { defaultSettings, type Settings } from './settings.js';
import { createThrottle, type Throttle } from './throttling.js';
import type { Codes, RefreshTokens } from './entra/grants.js';
import { createKeyRing, type KeyRing } from './entra/tokenKey.js';

/** The whole simulated tenant; every part of the simulator takes it as an argument. */
export type Tenant = {
  directory: Directory;
  settings: Settings;
  faults: Faults;
  ledger: Ledger;
  inbox: Inbox;
  throttle: Throttle;
  /** When reports were read lately. */
  reportCalls: number[];
  keys: KeyRing;
  codes: Codes;
  refreshTokens: RefreshTokens;
  initialSettings: Settings;
  /** Filled in once the ports are known. */
  urls: { people: string; backChannel: string; smtp: string };
};

/**
 * A tenant as the seed describes it; a reset returns to `overrides`.
 *
 * @param dir the folder that keeps the key of its tokens; has to be there
 */
export async function createTenant(dir: string, overrides: Partial<Settings>): Promise<Tenant> {
  const initialSettings = { ...defaultSettings(), ...overrides };
  return {
    directory: createDirectory(),
    settings: structuredClone(initialSettings),
    faults: { active: [] },
    ledger: { entries: [] },
    inbox: { mails: [] },
    throttle: createThrottle(),
    reportCalls: [],
    keys: await createKeyRing(dir),
    codes: new Map(),
    refreshTokens: new Map(),
    initialSettings,
    urls: { people: '', backChannel: '', smtp: '' },
  };
}

/** Restores the state at the start; issued tokens stay valid. */
export function resetTenant(tenant: Tenant): void {
  tenant.directory = createDirectory();
  tenant.settings = structuredClone(tenant.initialSettings);
  tenant.faults.active = [];
  tenant.ledger.entries = [];
  tenant.inbox.mails = [];
  tenant.throttle = createThrottle();
  tenant.reportCalls = [];
  tenant.codes.clear();
  tenant.refreshTokens.clear();
  tenant.keys.published = [tenant.keys.signing];
}

/** Whether reads already see the user: a new guest appears only after the replication delay. */
export function isReplicated(tenant: Tenant, user: User): boolean {
  return ageOf(tenant, user) >= tenant.settings.replicationDelayMs;
}

/** Whether app role assignment already accepts the user: it lags behind reads (msgraph-sdk-dotnet#2508). */
export function isAssignable(tenant: Tenant, user: User): boolean {
  return ageOf(tenant, user) >= tenant.settings.replicationDelayMs * 1.5;
}

function ageOf(tenant: Tenant, user: User): number {
  const invitedAt = tenant.directory.invitedAt.get(user.id);
  return invitedAt === undefined ? Infinity : Date.now() - invitedAt;
}
