import type { RequestHandler } from 'express';
import { accessIn } from '../../http/guard.js';

/** What waits for an approver, the oldest first. */
const WAITING = '/admin/requests?state=pending&sort=oldest';

/** Leads people who decide on requests, and on nothing else, from the first page to their work. */
export const landOnWork: RequestHandler = function landOnWork(_req, res, next) {
  const { rights } = accessIn(res);
  if (rights.has('requests.decide') && !rights.has('policy.read')) res.redirect(303, WAITING);
  else next();
};
