import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../../deps.js';
import { malformed } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import { leaveNote } from '../../../http/note.js';
import type { Added, Consequence } from '../../../licences/forecast.js';
import { costsOf, personOfPartner } from '../../../licences/standing.js';
import { consequencesInWords } from '../../../licences/inWords.js';
import { decisionNow } from '../../../policy/decide.js';
import { isGuid } from '../../../policy/guid.js';
import { checkSeveral, decideSeveral } from '../../../requests/review/decideSeveral.js';
import { REVIEW_ACTIONS, type ReviewAction } from '../../../requests/review/permissions.js';
import type { RequestRow } from '../../../store/schema.js';
import { LIST, MOST_AT_ONCE, showList } from './listPage.js';
import { listAddress, readReturnQuery, type ListQuery } from './listQuery.js';
import {
  decisionIn,
  LENGTHS,
  readTyped,
  readVersion,
  readWords,
  type Body,
  type ReviewFault,
  type TypedWords,
} from './requestForm.js';

type Named = { id: string; version: number };

/** One decision about chosen requests, and the list that they were chosen from. */
type Batch = { action: ReviewAction; named: Named[]; query: ListQuery };

/**
 * GET /admin/requests/decide: asks whether to take one `action` for every `request`, each `<id>:<version>`, and names the
 * people. Decides nothing. `list` is the query of the list they were chosen from.
 */
export function confirmDecision(deps: Deps): RequestHandler {
  return async (req, res) => {
    const batch = readBatch(req.query);
    if (!(await isTakeable(deps, res, batch))) return;
    await showConfirmation(deps, res, batch, { words: { reason: '', note: '' }, faults: [] });
  };
}

/**
 * POST /admin/requests/decide: the same fields, with `reason` and `note`. What is approved is provisioned in the background.
 * Leads back to the list when everything was done; otherwise the answer names what was not, and why.
 */
export function decideRequests(deps: Deps): RequestHandler<object, unknown, Body> {
  return async (req, res) => {
    const posted = req.body ?? {};
    const batch = readBatch(posted);
    const { action, named, query } = batch;
    const { words, faults } = readWords(action, posted);
    if (!(await isTakeable(deps, res, batch))) return;
    if (faults.length > 0) {
      await showConfirmation(deps, res.status(422), batch, { words: readTyped(posted), faults });
      return;
    }
    const decided = await decideSeveral(deps, accessIn(res), named, decisionIn(action, words));
    const back = listAddress(LIST, query, { position: query.position });
    if (decided.some(({ refused }) => refused)) {
      res.render('admin/requestBatch', { action, decided, reason: words.reason, back });
      return;
    }
    await leaveNote(req, { path: LIST, name: action, count: decided.length });
    res.redirect(303, back);
  };
}

/** Shows the list again, with what to mend, where a batch holds nothing or too much. */
async function isTakeable(deps: Deps, res: Response, { named, query }: Batch): Promise<boolean> {
  const problem = named.length === 0 ? 'noneChosen' : named.length > MOST_AT_ONCE ? 'tooMany' : null;
  if (problem) await showList(deps, res, query, { problem });
  return problem === null;
}

async function showConfirmation(
  deps: Deps,
  res: Response,
  { action, named, query }: Batch,
  { words, faults }: { words: TypedWords; faults: ReviewFault[] },
): Promise<void> {
  const { policy } = deps.policy.current();
  const checked = await checkSeveral(deps, accessIn(res), named, decisionIn(action, words));
  const open = checked.filter(({ refused }) => !refused);
  const costs =
    action === 'approve'
      ? await costsOfRequests(
          deps,
          open.map(({ request }) => request),
        )
      : [];
  const { t, locale } = res.locals;
  const versions = new Map(named.map(({ id, version }) => [id, version]));
  res.render('admin/requestConfirm', {
    action,
    open,
    costs: consequencesInWords(t, locale, costs),
    left: checked.filter(({ refused }) => refused),
    versionOf: (id: string) => versions.get(id),
    partnerName: (partner: string | null) => policy.partnerName(partner),
    words,
    faults,
    lengths: LENGTHS,
    list: listAddress('', query, { position: query.position }).slice(1),
    back: listAddress(LIST, query, { position: query.position }),
  });
}

async function costsOfRequests(
  { store: { db }, policy }: Deps,
  requests: readonly (RequestRow | null | undefined)[],
): Promise<Consequence[]> {
  const { policy: inForce } = policy.current();
  const added: Added[] = [];
  const byAddress = new Map(requests.flatMap((request) => (request ? [[request.address, request]] : [])));
  for (const [address, request] of byAddress) {
    const { partner } = decisionNow(inForce, request);
    added.push(...(await personOfPartner(db, inForce, partner, address)));
  }
  return costsOf(db, inForce, added);
}

/** @throws {PublicError} `malformed` for anything that is not in our lists */
function readBatch(fields: Record<string, unknown>): Batch {
  const action = REVIEW_ACTIONS.find((one) => one === fields.action);
  if (!action) throw malformed();
  return { action, named: readNamed(fields.request), query: readReturnQuery(fields.list) };
}

function readNamed(value: unknown): Named[] {
  const items: unknown[] = value === undefined ? [] : [value].flat();
  return items.map((item) => {
    const [id = '', version, ...rest] = typeof item === 'string' ? item.split(':') : [];
    if (!isGuid(id) || rest.length > 0) throw malformed();
    return { id: id.toLowerCase(), version: readVersion(version) };
  });
}
