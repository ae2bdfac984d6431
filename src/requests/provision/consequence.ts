import type { Deps } from '../../deps.js';
import { GraphFault } from '../../graph/graphFault.js';
import { MailFault } from '../../mail/mailer.js';
import { isStoreDown } from '../../store/database.js';
import { insertPause } from '../../store/pauses.js';
import type { Problem, StepRow } from '../../store/schema.js';
import { StepStop, StepWait } from './step.js';

type Retry = { kind: 'retry'; afterSeconds: number; problem: Problem };

/** What a failed attempt leads to: another one later, or the end of the request's way. */
export type Consequence = Retry | { kind: 'stop'; problem: Problem };

const LONGEST_BACKOFF_SECONDS = 300;

/** Seconds before the next attempt: `first`, twice that … 300, give or take a fifth so that retries spread out. */
export function backoffSeconds(first: number, attempts: number, random = Math.random()): number {
  const seconds = Math.min(LONGEST_BACKOFF_SECONDS, first * 2 ** Math.max(0, attempts - 1));
  return seconds * (0.8 + 0.4 * random);
}

/**
 * Decides what a failed attempt leads to. A throttled call pauses every worker's calls to Graph.
 *
 * @throws the error itself when the store is down: nothing could be recorded
 */
export async function consequenceOf(deps: Deps, step: StepRow, error: unknown): Promise<Consequence> {
  if (isStoreDown(error) && !(error instanceof GraphFault || error instanceof MailFault)) throw error;
  const consequence = consequenceFor(deps, step, error);
  if (error instanceof GraphFault && error.kind === 'throttled' && consequence.kind === 'retry') {
    await insertPause(deps.store.db, 'graph', consequence.afterSeconds);
  }
  return consequence.kind === 'retry' ? (givenUp(deps, step, consequence) ?? consequence) : consequence;
}

/** A fault that lasts too long is no passing one. A guest who does not turn up for a quarter of an hour is gone. */
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
  if (error instanceof StepWait) return retry(deps, step, { code: 'replicating', detail: error.message });
  if (error instanceof GraphFault) return consequenceOfGraphFault(deps, step, error);
  if (error instanceof MailFault) {
    return error.permanent
      ? { kind: 'stop', problem: { code: 'mailRefused', detail: error.message } }
      : retry(deps, step, { code: 'mailUnavailable', detail: error.message });
  }
  deps.log.error({ err: error, requestId: step.request_id, step: step.key }, 'a step failed unexpectedly');
  return retry(deps, step, {
    code: 'internal',
    detail: error instanceof Error ? error.message : String(error),
  });
}

function consequenceOfGraphFault(deps: Deps, step: StepRow, fault: GraphFault): Consequence {
  const detail = `${fault.status ?? ''} ${fault.code ?? ''} ${fault.message}`.trim();
  switch (fault.kind) {
    case 'throttled':
      return {
        kind: 'retry',
        // Never less than our own pause: a Retry-After of 0 would make a hot loop.
        afterSeconds: Math.max(
          fault.retryAfterSeconds ?? 0,
          backoffSeconds(deps.limits.backoffSeconds, step.attempts),
        ),
        problem: { code: 'throttled', detail },
      };
    case 'forbidden':
      deps.log.error(
        { graphRequestId: fault.requestId, step: step.key },
        'Graph refuses: a permission is missing',
      );
      return { kind: 'stop', problem: { code: 'permissionMissing', detail } };
    case 'unauthenticated':
      // Heals by itself once the secret or the identity is mended, so nobody has to retry by hand.
      deps.log.error({ graphRequestId: fault.requestId, reason: fault.message }, 'no valid token for Graph');
      return retry(deps, step, { code: 'tokenRefused', detail });
    case 'notFound':
      return retry(deps, step, { code: 'replicating', detail });
    case 'conflict':
    case 'unavailable': {
      const again = retry(deps, step, { code: 'graphUnavailable', detail });
      return { ...again, afterSeconds: Math.max(again.afterSeconds, fault.retryAfterSeconds ?? 0) };
    }
    case 'rejected':
      return { kind: 'stop', problem: { code: 'refusedByMicrosoft', detail } };
  }
}

function retry({ limits }: Deps, step: StepRow, problem: Problem): Retry {
  return { kind: 'retry', afterSeconds: backoffSeconds(limits.backoffSeconds, step.attempts), problem };
}
