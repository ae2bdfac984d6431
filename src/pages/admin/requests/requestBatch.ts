import type { RequestHandler } from 'express';
import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import { isGuid } from '../../../policy/guid.js';
import { decideSeveral } from '../../../requests/review/decideSeveral.js';
import { REVIEW_ACTIONS, type ReviewAction } from '../../../requests/review/permissions.js';
import { LIST, MOST_AT_ONCE, showList } from './listPage.js';
import { listAddress, readReturnQuery } from './listQuery.js';
import { decisionIn, readTyped, readVersion, readWords, type Body } from './requestForm.js';

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
    const { words, faults } = readWords(action, posted);
    const problem = named.length === 0 ? 'noneChosen' : named.length > MOST_AT_ONCE ? 'tooMany' : null;
    if (problem || faults.length > 0) {
      const chosen = new Set(named.map(({ id, version }) => `${id}:${version}`));
      await showList(deps, res, query, { action, problem, faults, words: readTyped(posted), chosen });
      return;
    }
    const decided = await decideSeveral(deps, accessIn(res), named, decisionIn(action, words));
    const back = listAddress(LIST, query, { position: query.position });
    res.render('admin/requestBatch', { action, decided, reason: words.reason, back });
  };
}

function readAction(action: unknown): ReviewAction {
  const known = REVIEW_ACTIONS.find((one) => one === action);
  if (!known) throw malformed();
  return known;
}

/** @throws {PublicError} `malformed` for anything that is not in our lists */
function readNamed(value: unknown): { id: string; version: number }[] {
  const items: unknown[] = value === undefined ? [] : [value].flat();
  return items.map((item) => {
    const [id = '', version, ...rest] = typeof item === 'string' ? item.split(':') : [];
    if (!isGuid(id) || rest.length > 0) throw malformed();
    return { id: id.toLowerCase(), version: readVersion(version) };
  });
}
