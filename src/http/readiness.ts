import type { Deps } from '../deps.js';
import { sharedRead } from '../sharedRead.js';

/** What an instance says of itself to whoever decides where requests go. */
export type Readiness = { status: 'stopping' } | Found;

type Found = {
  status: 'ready' | 'unavailable';
  store: boolean;
  /** The queue can be read, and the loops of this process that work on it go round. */
  queue: boolean;
  /** A refused change leaves the good policy in force (`kept`): worth knowing, no reason to turn people away. */
  policy: 'current' | 'kept';
};

/** Balancers ask every few seconds, and whoever floods the page shares one look. */
const KEPT_MS = 1_000;
/** Longer than a busy store takes, shorter than balancers wait. */
const ANSWER_WITHIN_MS = 2_000;

type Seen = Pick<Deps, 'store' | 'queue' | 'pulses' | 'policy' | 'patience' | 'stopping' | 'log'>;

/** Returns what tells whether this instance can take sign-ups now, and see to them. */
export function createReadiness(deps: Seen): () => Promise<Readiness> {
  const { store, queue, pulses, policy, patience, stopping, log } = deps;
  const limits = { forMs: KEPT_MS, withinMs: ANSWER_WITHIN_MS };
  const storeAnswers = sharedRead(() => store.ping(), limits);
  const queueAnswers = sharedRead(() => queue.ping(), limits);
  let unreadyFor: string | null = null;

  /** Said when it changes: balancers ask all the time. */
  function note(reasons: string[], errors: unknown[]): void {
    const found = reasons.length > 0 ? reasons.join() : null;
    if (found === unreadyFor) return;
    unreadyFor = found;
    if (found === null) log.info('ready again');
    else log.warn({ reasons, ...(errors.length > 0 && { err: errors[0] }) }, 'not ready');
  }

  return async () => {
    // At once, also where nothing else answers.
    if (stopping.signal.aborted) return { status: 'stopping' };
    const [ofStore, ofQueue] = await Promise.allSettled([storeAnswers(), queueAnswers()]);
    const late = pulses.late(patience.stuckSeconds * 1000);
    const storeUp = ofStore.status === 'fulfilled';
    const queueUp = ofQueue.status === 'fulfilled' && late.length === 0;
    const errors = [ofStore, ofQueue].flatMap((one) =>
      one.status === 'rejected' ? [one.reason as unknown] : [],
    );
    const reasons = [
      ...(storeUp ? [] : ['store']),
      ...(ofQueue.status === 'fulfilled' ? [] : ['queue']),
      ...late.map((name) => `loop ${name}`),
    ];
    note(reasons, errors);
    return {
      status: storeUp && queueUp ? 'ready' : 'unavailable',
      store: storeUp,
      queue: queueUp,
      policy: policy.faults().length === 0 ? 'current' : 'kept',
    };
  };
}
