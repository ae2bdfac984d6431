import type { RequestHandler } from 'express';
import type { Deps } from '../deps.js';

/** GET /healthz: the process answers. Says nothing of what it depends on, so that nobody restarts it in vain. */
export const alive: RequestHandler = (_req, res) => {
  res.json({ status: 'ok' });
};

/** GET /readyz: the portal can take sign-ups now. 503 takes an instance out of rotation. */
export function ready({ store, policy, log }: Deps): RequestHandler {
  return async (_req, res) => {
    const reachable = await store.ping().then(
      () => true,
      (error: unknown) => {
        log.warn({ err: error }, 'not ready: the store does not answer');
        return false;
      },
    );
    res.status(reachable ? 200 : 503).json({
      status: reachable ? 'ready' : 'unavailable',
      store: reachable,
      // A refused change leaves the good policy in force: worth knowing, no reason to turn people away.
      policy: policy.faults().length === 0 ? 'current' : 'kept',
    });
  };
}
