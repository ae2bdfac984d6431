import { readAssets } from './assets.js';
import { openPolicyHistory, type PolicyHistory } from './policyFile/policyHistory.js';
import type { Config } from './config.js';
import { createDoctor } from './doctor/doctor.js';
import { createEntra } from './entra/entra.js';
import { createGraph } from './graph/graph.js';
import { createPassedChecks } from './graph/passedChecks.js';
import { createBell } from './jobs/bell.js';
import { createPulses } from './jobs/pulses.js';
import { createTargets } from './jobs/targets.js';
import { WORKER_DEFAULTS } from './jobs/worker.js';
import { inEnglish, loadLanguages } from './language.js';
import type { Log } from './log.js';
import { createMailer } from './mail/mailer.js';
import { limitsIn, type Limits } from './limits.js';
import { describeFaults } from './policyFile/faultTexts.js';
import { openPolicyFile } from './policyFile/policyFile.js';
import { proofFaults } from './policyFile/policyReading.js';
import { createBrake } from './store/brake.js';
import { sharedRead } from './shared.js';
import { openStore } from './store/database.js';
import { endAllLeases } from './store/leases.js';
import { endAllNoticeLeases } from './store/noticeLeases.js';
import { readQueueFigures } from './store/queueFigures.js';
import { countedMailer } from './telemetry/countedMailer.js';
import { observeStore } from './telemetry/gauges.js';
import { openTelemetry } from './telemetry/telemetry.js';

/** Several readers share one statement, and none of them waits for a store that does not answer. */
const FIGURES_SHARED = { forMs: 2_000, withinMs: 2_000 };

export type Deps = Awaited<ReturnType<typeof openDeps>>;

/**
 * Opens everything that the portal works with, as one plain object.
 *
 * @throws {MissingAssets} before anything is opened
 * @throws {PolicyError} a faulty policy file
 * @throws Error a store that cannot be opened
 */
export async function openDeps(config: Config, log: Log, limits: Limits = limitsIn(config)) {
  const assets = readAssets();
  let history: PolicyHistory | null = null;
  const policy = await openPolicyFile(config.policyFile, {
    check: proofFaults(config.mail !== null),
    onChange(event) {
      history?.note(event);
      if (event.kind === 'loaded') log.info({ policy: event.hash }, 'policy loaded');
      else {
        const faults = describeFaults(inEnglish(), event.faults);
        log.error({ ...event, faults }, 'policy file refused: the one in force stays');
      }
    },
  });
  const store = await openStore(config, log);
  // Nothing else works on an exclusive store, so the process that held a lease there has died.
  if (store.exclusive) await Promise.all([endAllLeases(store.db), endAllNoticeLeases(store.db)]);
  history = await openPolicyHistory({ policy, store, log });
  const telemetry = await openTelemetry(config, log);
  const queueFigures = sharedRead(() => readQueueFigures(store.db), FIGURES_SHARED);
  observeStore(telemetry.meter, queueFigures);
  const unwatched = createMailer(config.mail);
  const mailer = unwatched && countedMailer(unwatched, telemetry);
  const graph = createGraph(config, log, telemetry);
  return {
    config,
    log,
    limits,
    assets,
    policy,
    policyHistory: history,
    store,
    pulses: createPulses(),
    targets: createTargets({ db: store.db, log, places: WORKER_DEFAULTS.places }),
    /** The figures of the queue, at most two seconds old. */
    queueFigures,
    telemetry,
    brake: createBrake(store, limits.signUpsPerMinute, log),
    /** Rings when a request has become due in this process. */
    bell: createBell(),
    /** Rings when a notice has become due in this process. */
    noticeBell: createBell(),
    mailer,
    graph,
    passedChecks: createPassedChecks(),
    doctor: createDoctor({ config, log, graph, mailer, policy, store }),
    entra: createEntra(config),
    organizations: createEntra(config, 'organizations'),
    languages: loadLanguages(),
    /** Aborted when the process begins to stop: from then on it tells balancers that it is not ready. */
    stopping: new AbortController(),
    async close() {
      policy.close();
      mailer?.close();
      await telemetry.close();
      await history.close();
      await store.close();
    },
  };
}
