import type { RequestHandler } from 'express';
import type { Deps } from '../deps.js';
import { createReadiness } from '../http/readiness.js';

/** GET /healthz: the process answers. Says nothing of what it depends on, so that nobody restarts it in vain. */
export const alive: RequestHandler = (_req, res) => {
  res.json({ status: 'ok' });
};

/** GET /readyz: the portal can take sign-ups now, and see to them. 503 takes an instance out of rotation. */
export function ready(deps: Deps): RequestHandler {
  const readiness = createReadiness(deps);
  return async (_req, res) => {
    const found = await readiness();
    res.status(found.status === 'ready' ? 200 : 503).json(found);
  };
}
