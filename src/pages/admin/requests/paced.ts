import type { RequestHandler } from 'express';
import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import { decidePaced, PACED_ACTIONS } from '../../../requests/review/paced.js';

type Body = Record<string, unknown> | undefined;

/** POST /admin/requests/paced: `domain`, and `action`: `release` or `drop`. */
export function decidePacedRequests(deps: Deps): RequestHandler<object, unknown, Body> {
  return async (req, res) => {
    const { domain, action } = req.body ?? {};
    const known = PACED_ACTIONS.find((one) => one === action);
    if (typeof domain !== 'string' || domain.length > 253 || !known) throw malformed();
    await decidePaced(deps, accessIn(res), { domain, action: known });
    res.redirect(303, '/admin/overview');
  };
}
