import type { RequestHandler } from 'express';
import type { Deps } from '../deps.js';
import { sharedRead } from '../shared.js';

/** GET /healthz: the process answers. It says nothing of what the process depends on: a restart would not help those. */
export const alive: RequestHandler = (_req, res) => {
  res.json({ status: 'ok' });
};

/** GET /readyz: the portal can take sign-ups now, and work on them. 503 takes an instance out of rotation. */
export function ready(deps: Deps): RequestHandler {
  const readiness = createReadiness(deps);
  return async (_req, res) => {
    const found = await readiness();
    res.status(found.status === 'ready' ? 200 : 503).json(found);
  };
}

/** What an instance reports to balancers. */
type Readiness = { status: 'stopping' } | Found;

type Found = {
  status: 'ready' | 'unavailable';
  store: boolean;
  /** The loops of this process that work on requests and notices go round. */
  queue: boolean;
  /** A refused change leaves the good policy in force (`kept`): worth knowing, no reason to turn people away. */
  policy: 'current' | 'kept';
};

/** Balancers call every few seconds, and a flood of calls shares one look. */
const KEPT_MS = 1_000;
/** Longer than a busy store takes, shorter than balancers wait. */
const ANSWER_WITHIN_MS = 2_000;

type Seen = Pick<Deps, 'store' | 'pulses' | 'policy' | 'limits' | 'stopping' | 'log'>;

/** Finds out whether this instance can take sign-ups now, and work on them. */
function createReadiness(deps: Seen): () => Promise<Readiness> {
  const { store, pulses, policy, limits, stopping, log } = deps;
  const storeAnswers = sharedRead(() => store.ping(), { forMs: KEPT_MS, withinMs: ANSWER_WITHIN_MS });
  let unreadyFor: string | null = null;

  /** Logged when it changes: balancers call all the time. */
  function note(reasons: string[], error: unknown): void {
    const found = reasons.length > 0 ? reasons.join() : null;
    if (found === unreadyFor) return;
    unreadyFor = found;
    if (found === null) log.info('ready again');
    else log.warn({ reasons, ...(error !== null && { err: error }) }, 'not ready');
  }

  return async () => {
    // At once, also where nothing else answers.
    if (stopping.signal.aborted) return { status: 'stopping' };
    const error: unknown = await storeAnswers().then(
      () => null,
      (reason: unknown) => reason,
    );
    const late = pulses.late(limits.stuckSeconds * 1000);
    note([...(error === null ? [] : ['store']), ...late.map((name) => `loop ${name}`)], error);
    return {
      status: error === null && late.length === 0 ? 'ready' : 'unavailable',
      store: error === null,
      queue: late.length === 0,
      policy: policy.faults().length === 0 ? 'current' : 'kept',
    };
  };
}
