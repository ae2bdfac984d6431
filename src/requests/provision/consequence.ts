import type { Deps } from '../../deps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { insertPause } from '../../store/pauses.js';
import type { Problem, StepRow } from '../../store/schema.js';
import { isLasting, meaningOf, problemOf, retrySeconds } from '../problems.js';
import { StepStop, StepWait } from './step.js';

/** What follows a failed attempt: another attempt later, or the end of the work on the request. */
export type Consequence = {
  problem: Problem;
  /** Microsoft's id of the call that failed. */
  graphRequestId: string | null;
} & ({ kind: 'retry'; afterSeconds: number } | { kind: 'stop' });

/**
 * Decides what follows a failed attempt, and logs it. A throttled call pauses every worker's calls to Graph.
 *
 * @throws the error itself when the store is down, since nothing could be recorded
 */
export async function consequenceOf(deps: Deps, step: StepRow, error: unknown): Promise<Consequence> {
  const consequence = consequenceFor(deps, step, error);
  logConsequence(deps, step, consequence, error);
  if (consequence.kind === 'retry' && error instanceof GraphFault && error.kind === 'throttled') {
    await insertPause(deps.store.db, 'graph', consequence.afterSeconds);
  }
  return consequence;
}

function consequenceFor({ limits }: Deps, step: StepRow, error: unknown): Consequence {
  const problem = problemOfAttempt(error);
  const graphRequestId =
    error instanceof GraphFault
      ? error.requestId
      : error instanceof StepStop || error instanceof StepWait
        ? error.graphRequestId
        : null;
  if (error instanceof StepStop || isLasting(error)) return { kind: 'stop', problem, graphRequestId };
  const ended = givenUp(limits, step, problem);
  if (ended) return { kind: 'stop', problem: ended, graphRequestId };
  const afterSeconds = retrySeconds(limits.backoffSeconds, step.attempts, error);
  return { kind: 'retry', afterSeconds, problem, graphRequestId };
}

/** Gives a step up that has failed for too long; a new guest that does not appear within minutes is gone. */
function givenUp(limits: Deps['limits'], step: StepRow, { code, detail = '' }: Problem): Problem | null {
  const replicating = code === 'replicating';
  const limit = replicating ? limits.replicationSeconds : limits.giveUpSeconds;
  const lasted = step.started_at ? (Date.now() - step.started_at.getTime()) / 1000 : 0;
  if (lasted <= limit) return null;
  return { code: replicating ? 'notReplicated' : 'gaveUp', detail };
}

function problemOfAttempt(error: unknown): Problem {
  if (error instanceof StepStop || error instanceof StepWait) return error.problem;
  const problem = problemOf(error);
  if (problem.code !== 'internal') return problem;
  return { ...problem, detail: error instanceof Error ? error.message : String(error) };
}

/** One line for each consequence, so that the log alone says why a request does not go on. It holds no address. */
function logConsequence({ log }: Deps, step: StepRow, consequence: Consequence, error: unknown): void {
  const { kind, problem, graphRequestId } = consequence;
  const line = {
    requestId: step.request_id,
    step: step.key,
    attempt: step.attempts,
    problem: problem.code,
    reason: problem.detail ?? null,
    graphRequestId,
    ...(error instanceof GraphFault && { graphStatus: error.status, graphCode: error.code }),
    ...(kind === 'retry' && { afterSeconds: Math.round(consequence.afterSeconds * 10) / 10 }),
    ...(problem.code === 'internal' && { err: error }),
  };
  // What staff have to mend, and what nobody expected, is an error; the rest passes, or concerns the person alone.
  const needsStaff = meaningOf(problem.code).staff === 'mend' || problem.code === 'internal';
  log[needsStaff ? 'error' : 'warn'](line, kind === 'stop' ? 'a step was stopped' : 'a step is tried again');
}
