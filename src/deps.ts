import { openPolicyHistory, type PolicyHistory } from './administration/policyHistory.js';
import type { Config } from './config.js';
import { createDoctor } from './doctor/doctor.js';
import { createEntra } from './entra/entra.js';
import { createGraph } from './graph/graph.js';
import { createBell } from './jobs/bell.js';
import { createPulses } from './jobs/pulses.js';
import { openQueue } from './jobs/queue.js';
import { loadLanguages } from './language.js';
import type { Log } from './log.js';
import { createMailer } from './mail/mailer.js';
import { openPolicyFile } from './policy/policyFile.js';
import { proofFaults } from './requests/proof/proofFaults.js';
import { createBrake } from './requests/submitting/brake.js';
import { sharedRead } from './sharedRead.js';
import { openStore } from './store/database.js';
import { endAllLeases } from './store/leases.js';
import { endAllNoticeLeases } from './store/noticeLeases.js';
import { readQueueFigures } from './store/queueFigures.js';
import { countedMailer } from './telemetry/countedMailer.js';
import { observeProcess } from './telemetry/processGauges.js';
import { observeStore } from './telemetry/storeGauges.js';
import { openTelemetry, UNOBSERVED } from './telemetry/telemetry.js';

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
  /** The least time between two mails that a stranger can bring about in one mailbox; it doubles with each of a day. */
  mailWindowSeconds: number;
  /** As long as that gets. */
  longestMailWindowSeconds: number;
  /** The most sign-ups a minute, from whomever. */
  signUpsPerMinute: number;
  /** How long a mailed code or link counts. */
  codeSeconds: number;
  /** How long a request waits for its proof. */
  lapseSeconds: number;
  /** Who fills in the form in less time is taken for a program. */
  fillSeconds: number;
  /** How long a stop goes on answering, for balancers to notice it. */
  turnAwaySeconds: number;
  /** A loop of the worker that is not heard of for so long is stuck. */
  stuckSeconds: number;
  /** Work that has been due for longer shows that the queue stands still. */
  standstillSeconds: number;
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
  mailWindowSeconds: 5 * 60,
  longestMailWindowSeconds: 4 * 3600,
  // Three times what the busiest launch is to carry (200); more would be mails and guests for the sake of a flood.
  signUpsPerMinute: 600,
  codeSeconds: 10 * 60,
  lapseSeconds: 24 * 3600,
  fillSeconds: 0,
  turnAwaySeconds: 0,
  // Each goes round every few seconds, and no statement may take longer.
  stuckSeconds: 45,
  standstillSeconds: 5 * 60,
};

/**
 * Scripts and rehearsals fill in forms at once, so only in production is that a sign of a program; and whoever presses Ctrl+C
 * has no balancer in front.
 */
export function patienceIn({ production }: Pick<Config, 'production'>): Patience {
  return production ? { ...PATIENCE, fillSeconds: 2, turnAwaySeconds: 5 } : PATIENCE;
}

/** Several readers are one statement, and none of them waits for a store that does not answer. */
const FIGURES_SHARED = { forMs: 2_000, withinMs: 2_000 };

export type Deps = Awaited<ReturnType<typeof openDeps>>;

/**
 * Opens everything that the portal works with, as one plain object.
 *
 * @throws {PolicyError} a faulty policy file
 * @throws Error a store that cannot be opened
 */
export async function openDeps(config: Config, log: Log, patience: Patience = patienceIn(config)) {
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
  if (store.exclusive) await Promise.all([endAllLeases(store.db), endAllNoticeLeases(store.db)]);
  history = await openPolicyHistory({ policy, store, log });
  const queue = await openQueue(store, log);
  const telemetry = await openTelemetry(config, log);
  const queueFigures = sharedRead(() => readQueueFigures(store.db), FIGURES_SHARED);
  observeStore(telemetry.meter, queueFigures);
  const endWatch = telemetry === UNOBSERVED ? () => undefined : observeProcess(telemetry.meter);
  const unwatched = createMailer(config.mail);
  const mailer = unwatched && countedMailer(unwatched, telemetry);
  const graph = createGraph(config, log, telemetry);
  return {
    config,
    log,
    patience,
    policy,
    policyHistory: history,
    store,
    queue,
    pulses: createPulses(),
    /** How the work stands, as of a moment ago. */
    queueFigures,
    telemetry,
    brake: createBrake(store, patience.signUpsPerMinute, log),
    /** Rings for whoever sends the mails of the process. */
    noticeBell: createBell(),
    mailer,
    graph,
    doctor: createDoctor({ config, log, graph, mailer, policy, store }),
    entra: createEntra(config),
    organizations: createEntra(config, 'organizations'),
    languages: loadLanguages(),
    /** Aborted when the process begins to stop: from then on it asks balancers to turn away. */
    stopping: new AbortController(),
    async close() {
      policy.close();
      mailer?.close();
      await queue.stop();
      endWatch();
      await telemetry.close();
      await history.close();
      await store.close();
    },
  };
}
