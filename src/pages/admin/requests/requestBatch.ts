import type { RequestHandler } from 'express';
import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import { decideSeveral, type SharedDecision } from '../../../requests/review/decideSeveral.js';
import { isRequestId } from '../../../requests/requestId.js';
import { REVIEW_ACTIONS, type ReviewAction } from '../../../requests/review/reviewActions.js';
import { LENGTHS, readVersion, readWords, type Body, type ReviewValues } from './requestForm.js';

const MOST_AT_ONCE = 200;

/**
 * POST /admin/requests/decide: `request`, one or many of `<id>:<version>`, and one `action` for all, with `reason` and
 * `note`. What is approved is provisioned in the background; the answer says what was done and what was not, and why.
 */
export function decideRequests(deps: Deps): RequestHandler<object, unknown, Body> {
  return async (req, res) => {
    const posted = req.body ?? {};
    const action = readAction(posted.action);
    const named = readNamed(posted.request);
    const { values, faults } = readWords(action, posted);
    const tooMany = named.length > MOST_AT_ONCE;
    if (named.length === 0 || tooMany || faults.length > 0) {
      const problem = named.length === 0 ? 'noneChosen' : tooMany ? 'tooMany' : null;
      res.status(422).render('admin/requestBatch', {
        ...{ action, named, values, faults, problem, lengths: LENGTHS, most: MOST_AT_ONCE },
        settled: null,
      });
      return;
    }
    const settled = await decideSeveral(deps, accessIn(res), named, sharedDecision(action, values));
    res.render('admin/requestBatch', { action, settled });
  };
}

function readAction(action: unknown): ReviewAction {
  const known = REVIEW_ACTIONS.find((one) => one === action);
  if (!known) throw malformed();
  return known;
}

/** @throws {PublicError} `malformed` for what no list of ours holds */
function readNamed(value: unknown): { id: string; version: number }[] {
  const items: unknown[] = value === undefined ? [] : [value].flat();
  return items.map((item) => {
    const [id = '', version, ...rest] = typeof item === 'string' ? item.split(':') : [];
    if (!isRequestId(id) || rest.length > 0) throw malformed();
    return { id, version: readVersion(version) };
  });
}

function sharedDecision(action: ReviewAction, { reason, note }: ReviewValues): SharedDecision {
  const noted = note === '' ? {} : { note };
  if (action === 'deny') return { action, reason, ...noted };
  return action === 'retry' ? { action } : { action, ...noted };
}
