import { openPolicyHistory, type PolicyHistory } from './administration/policyHistory.js';
import type { Config } from './config.js';
import { createDoctor } from './doctor/doctor.js';
import { createEntra } from './entra/entra.js';
import { createGraph } from './graph/graph.js';
import { openQueue } from './jobs/queue.js';
import { loadLanguages } from './language.js';
import type { Log } from './log.js';
import { createMailer } from './mail/mailer.js';
import { openPolicyFile } from './policy/policyFile.js';
import { proofFaults } from './requests/proofFaults.js';
import { openStore } from './store/database.js';
import { endAllLeases } from './store/requests.js';

/** How patient the portal is, with Microsoft's directory and with people; tests are in more of a hurry. */
export type Patience = {
  /** How long a worker that falls silent keeps a request. */
  leaseSeconds: number;
  /** How long the first repetition of a failed step waits; each further one waits twice as long as the one before. */
  backoffSeconds: number;
  /** How long the directory may take to show whether an unanswered invitation went through. */
  settleSeconds: number;
  /** How long the directory may take to know a new guest everywhere. */
  replicationSeconds: number;
  /** How long a step is repeated before it is given up. */
  giveUpSeconds: number;
  /** How old may be what a signed-in person is allowed to do. */
  rightsSeconds: number;
  /** How long it stays in force where Entra does not answer. */
  rightsStaleSeconds: number;
  /** How long a signed-in person may do nothing. */
  idleSeconds: number;
  /** How long a sign-in lasts at most. */
  absoluteSeconds: number;
};

export const PATIENCE: Patience = {
  leaseSeconds: 15,
  backoffSeconds: 1,
  settleSeconds: 120,
  replicationSeconds: 900,
  giveUpSeconds: 24 * 3600,
  rightsSeconds: 5 * 60,
  rightsStaleSeconds: 15 * 60,
  idleSeconds: 30 * 60,
  absoluteSeconds: 8 * 3600,
};

export type Deps = Awaited<ReturnType<typeof openDeps>>;

/**
 * Opens everything that the portal works with, as one plain object.
 *
 * @throws {PolicyError} a faulty policy file
 * @throws Error a store that cannot be opened
 */
export async function openDeps(config: Config, log: Log, patience: Patience = PATIENCE) {
  let history: PolicyHistory | null = null;
  const policy = await openPolicyFile(config.policyFile, {
    check: proofFaults(config),
    onChange(event) {
      history?.note(event);
      if (event.kind === 'loaded') log.info({ policy: event.hash }, 'policy loaded');
      else log.error(event, 'policy file refused: the one in force stays');
    },
  });
  const store = await openStore(config, log);
  // Nobody else works on an exclusive store, so whoever held a lease there is dead.
  if (store.exclusive) await endAllLeases(store.db);
  history = await openPolicyHistory({ policy, store, log });
  const queue = await openQueue(store, log);
  const mailer = createMailer(config.mail);
  const graph = createGraph(config, log);
  return {
    config,
    log,
    patience,
    policy,
    policyHistory: history,
    store,
    queue,
    mailer,
    graph,
    doctor: createDoctor({ config, log, graph, mailer, policy, store }),
    entra: createEntra(config),
    languages: loadLanguages(),
    async close() {
      policy.close();
      mailer?.close();
      await queue.stop();
      await history.close();
      await store.close();
    },
  };
}
