import type { RequestHandler } from 'express';
import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import { decideSeveral, type SharedDecision } from '../../../requests/review/decideSeveral.js';
import { isRequestId } from '../../../requests/requestId.js';
import { REVIEW_ACTIONS, type ReviewAction } from '../../../requests/review/reviewActions.js';
import { LIST, MOST_AT_ONCE, showList } from './listPage.js';
import { listAddress, readReturnQuery } from './listQuery.js';
import { readTyped, readVersion, readWords, type Body, type ReviewValues } from './requestForm.js';

/**
 * POST /admin/requests/decide: `request`, one or many of `<id>:<version>`, and one `action` for all, with `reason` and
 * `note`; `list` is the query of the list they were chosen from. What is approved is provisioned in the background; the
 * answer says what was done and what was not, and why. A decision that cannot be taken comes back with the list.
 */
export function decideRequests(deps: Deps): RequestHandler<object, unknown, Body> {
  return async (req, res) => {
    const posted = req.body ?? {};
    const action = readAction(posted.action);
    const named = readNamed(posted.request);
    const query = readReturnQuery(posted.list);
    const { values, faults } = readWords(action, posted);
    const problem = named.length === 0 ? 'noneChosen' : named.length > MOST_AT_ONCE ? 'tooMany' : null;
    if (problem || faults.length > 0) {
      const chosen = new Set(named.map(({ id, version }) => `${id}:${version}`));
      await showList(deps, res, query, { action, problem, faults, words: readTyped(posted), chosen });
      return;
    }
    const settled = await decideSeveral(deps, accessIn(res), named, sharedDecision(action, values));
    const back = listAddress(LIST, query, { position: query.position });
    res.render('admin/requestBatch', { action, settled, reason: values.reason, back });
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
