import type { Deps } from '../../deps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { insertPause } from '../../store/pauses.js';
import type { Problem, StepRow } from '../../store/schema.js';
import { isLasting, problemOf, retrySeconds } from '../problems.js';
import { StepStop, StepWait } from './step.js';

type Retry = { kind: 'retry'; afterSeconds: number; problem: Problem };

/** What follows a failed attempt: another attempt later, or the end of the work on the request. */
export type Consequence = Retry | { kind: 'stop'; problem: Problem };

/**
 * Decides what follows a failed attempt. A throttled call pauses every worker's calls to Graph.
 *
 * @throws the error itself when the store is down, since nothing could be recorded
 */
export async function consequenceOf(deps: Deps, step: StepRow, error: unknown): Promise<Consequence> {
  const consequence = consequenceFor(deps, step, error);
  if (consequence.kind === 'stop') return consequence;
  if (error instanceof GraphFault && error.kind === 'throttled') {
    await insertPause(deps.store.db, 'graph', consequence.afterSeconds);
  }
  return givenUp(deps, step, consequence) ?? consequence;
}

/** Gives a step up that has failed for too long; a new guest that does not appear within minutes is gone. */
function givenUp({ limits }: Deps, step: StepRow, { problem }: Retry): Consequence | null {
  const replicating = problem.code === 'replicating';
  const limit = replicating ? limits.replicationSeconds : limits.giveUpSeconds;
  const lasted = step.started_at ? (Date.now() - step.started_at.getTime()) / 1000 : 0;
  if (lasted <= limit) return null;
  const code = replicating ? 'notReplicated' : 'gaveUp';
  return { kind: 'stop', problem: { code, detail: problem.detail ?? '' } };
}

function consequenceFor(deps: Deps, step: StepRow, error: unknown): Consequence {
  if (error instanceof StepStop) return { kind: 'stop', problem: error.problem };
  const problem = problemOfAttempt(error);
  logProblem(deps, step, problem, error);
  if (isLasting(error)) return { kind: 'stop', problem };
  const afterSeconds = retrySeconds(deps.limits.backoffSeconds, step.attempts, error);
  return { kind: 'retry', afterSeconds, problem };
}

function problemOfAttempt(error: unknown): Problem {
  if (error instanceof StepWait) return { code: 'replicating', detail: error.message };
  const problem = problemOf(error);
  if (problem.code !== 'internal') return problem;
  return { ...problem, detail: error instanceof Error ? error.message : String(error) };
}

/** Logs what an operator has to mend. */
function logProblem({ log }: Deps, step: StepRow, { code }: Problem, error: unknown): void {
  if (code === 'internal') {
    log.error({ err: error, requestId: step.request_id, step: step.key }, 'a step failed unexpectedly');
  }
  if (!(error instanceof GraphFault)) return;
  const graphRequestId = error.requestId;
  if (code === 'permissionMissing') {
    log.error({ graphRequestId, step: step.key }, 'Graph refuses: a permission is missing');
  }
  if (code === 'tokenRefused') {
    log.error({ graphRequestId, reason: error.message }, 'no valid token for Graph');
  }
}
