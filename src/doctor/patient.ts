import type { Config } from '../config.js';
import type { Graph } from '../graph/graph.js';
import type { Organization } from '../graph/organization.js';
import type { Log } from '../log.js';
import type { Mailer } from '../mail/mailer.js';
import type { PolicyFile } from '../policyFile/policyFile.js';
import type { Store } from '../store/database.js';
import type { Finding } from './finding.js';

/** What is examined: a portal that runs, or as much of one as could be opened. */
export type Patient = {
  config: Config;
  log: Log;
  graph: Graph;
  /** Null where Microsoft mails the invitations. */
  mailer: Pick<Mailer, 'verify'> | null;
  /** Null when there is no good policy. */
  policy: Pick<PolicyFile, 'current' | 'faults' | 'writable'> | null;
  /** Null when it could not be opened, or is not to be. */
  store: Pick<Store, 'db' | 'ping' | 'exclusive'> | null;
};

/** The same, once Graph has answered. */
export type TenantPatient = Patient & { permissions: ReadonlySet<string>; organization: Organization | null };

export type CheckUp<P extends Patient = Patient> = (patient: P, signal: AbortSignal) => Promise<Finding[]>;
