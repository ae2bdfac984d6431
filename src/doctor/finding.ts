import type { Config } from '../config.js';
import type { Graph } from '../graph/graph.js';
import type { Organization } from '../graph/organization.js';
import type { Log } from '../log.js';
import type { Mailer } from '../mail/mailer.js';
import type { PolicyFault } from '../policy/policyFault.js';
import type { PolicyFile } from '../policyFile/policyFile.js';
import type { Store } from '../store/database.js';

/** `unknown`: the check could not find out, and says what it would need. */
export type Level = 'good' | 'warning' | 'bad' | 'unknown';

/** The most urgent first. */
export const LEVELS: Level[] = ['bad', 'warning', 'unknown', 'good'];

/**
 * Everything that the doctor can find: a level for each code of each check. The sentence is `doctor.<check>.<code>.text` in
 * `locales/`, and what to do about it, where there is something to do, `doctor.<check>.<code>.advice`.
 */
export const FINDINGS = {
  settings: {
    inOrder: 'good',
    fault: 'bad',
    plainHttp: 'warning',
    noProxy: 'warning',
    development: 'warning',
  },
  policy: {
    inForce: 'good',
    fault: 'bad',
    needsMail: 'bad',
    moreFaults: 'bad',
    readOnly: 'warning',
    nobody: 'warning',
    noLanguage: 'warning',
    noTier: 'warning',
    ownDomain: 'bad',
    noHomeTenant: 'warning',
    homeTenantUnknown: 'unknown',
    homeTenantsTooMany: 'unknown',
  },
  token: {
    given: 'good',
    wrongSecret: 'bad',
    expiredSecret: 'bad',
    noSuchApp: 'bad',
    noSuchTenant: 'bad',
    noManagedIdentity: 'bad',
    refused: 'bad',
    unreachable: 'bad',
  },
  permissions: { asNeeded: 'good', wish: 'good', missing: 'bad', wider: 'warning', notNeeded: 'warning' },
  graph: {
    answers: 'good',
    slow: 'warning',
    clock: 'bad',
    throttled: 'warning',
    refusesToken: 'bad',
    down: 'bad',
    unreadable: 'bad',
  },
  groups: {
    usable: 'good',
    none: 'good',
    missing: 'bad',
    dynamic: 'bad',
    roleAssignable: 'bad',
    onPremises: 'bad',
    mailEnabled: 'bad',
    portalRole: 'bad',
    portalRolesUnseen: 'unknown',
    unused: 'warning',
    tooMany: 'unknown',
  },
  apps: {
    assignable: 'good',
    throughGroups: 'good',
    missing: 'bad',
    microsoftGraph: 'bad',
    portalItself: 'bad',
    disabled: 'bad',
    roleMissing: 'bad',
    roleDisabled: 'bad',
    roleNotForUsers: 'bad',
  },
  people: {
    found: 'good',
    none: 'good',
    approverMissing: 'bad',
    approverDisabled: 'warning',
    sponsorMissing: 'bad',
    tooMany: 'unknown',
  },
  invitations: { allowed: 'good', nobody: 'bad' },
  registration: {
    secretValid: 'good',
    secretEndsSoon: 'warning',
    secretNotListed: 'unknown',
    groupsNamed: 'good',
    groupsAsked: 'good',
    multiTenant: 'good',
    singleTenant: 'bad',
    audienceUnknown: 'unknown',
    redirectMissing: 'bad',
  },
  mail: {
    ready: 'good',
    readyForProof: 'good',
    none: 'warning',
    refused: 'bad',
    unreachable: 'bad',
    noProof: 'bad',
  },
  store: {
    postgres: 'good',
    embedded: 'good',
    embeddedInProduction: 'warning',
    tooOld: 'bad',
    slow: 'warning',
    diskLow: 'warning',
    diskFull: 'bad',
    down: 'bad',
    noToken: 'bad',
    refused: 'bad',
    untrusted: 'bad',
    unusable: 'bad',
    inUse: 'unknown',
    notMade: 'warning',
    behind: 'warning',
  },
  queue: { inTime: 'good', late: 'warning', stuck: 'bad', paused: 'warning' },
} as const satisfies Record<string, Record<string, Level>>;

/** What can go wrong in any check: it took too long, was not allowed to look, got no answer, or failed. */
export const TROUBLES = {
  hangs: 'unknown',
  forbidden: 'unknown',
  noAnswer: 'unknown',
  failed: 'unknown',
} as const satisfies Record<string, Level>;

export type Check = keyof typeof FINDINGS;
export type Trouble = keyof typeof TROUBLES;

/** Figures and names in a finding's sentence. */
export type Values = Record<string, string | number>;

/** `fault` is the fault of the policy that the sentence names, if it names one. */
export type Finding = { check: Check; level: Level; code: string; values: Values; fault?: PolicyFault };

export function finding<C extends Check>(
  check: C,
  code: keyof (typeof FINDINGS)[C] & string,
  values: Values = {},
): Finding {
  const levels: Record<string, Level> = FINDINGS[check];
  return { check, level: levels[code] ?? 'unknown', code, values };
}

export function trouble(check: Check, code: Trouble, values: Values = {}): Finding {
  return { check, level: TROUBLES[code], code, values };
}

/** Whether a finding is about the check itself and not about what it looked at. */
export function isTrouble({ code }: Finding): boolean {
  return Object.hasOwn(TROUBLES, code);
}

/** What is examined: a running portal, or the parts of one that could be opened. */
export type Patient = {
  config: Config;
  log: Log;
  graph: Graph;
  /** Null where Microsoft mails the invitations. */
  mailer: Pick<Mailer, 'verify'> | null;
  /** Null when there is no good policy. */
  policy: Pick<PolicyFile, 'current' | 'faults' | 'writable'> | null;
  /** Null when it is not open. */
  store: Pick<Store, 'db' | 'ping' | 'exclusive'> | null;
};

/** The same, once Graph has answered. */
export type TenantPatient = Patient & { permissions: ReadonlySet<string>; organization: Organization | null };

export type CheckUp<P extends Patient = Patient> = (patient: P, signal: AbortSignal) => Promise<Finding[]>;
