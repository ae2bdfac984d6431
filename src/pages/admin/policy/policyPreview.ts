import type { RequestHandler, Response } from 'express';
import type { PolicyDraft, PolicyProposal } from '../../../administration/draftPolicy.js';
import { describeConflict } from '../../../administration/policyConflict.js';
import { previewPolicy } from '../../../administration/previewPolicy.js';
import { savePolicy } from '../../../administration/savePolicy.js';
import type { Deps } from '../../../deps.js';
import { PublicError } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import { PolicyError } from '../../../policy/policyFault.js';
import { namesOf } from '../../../store/persons.js';
import { showEditor } from './policy.js';
import { COMMENT_LENGTH, fieldsOf, readProposal, type ProposalFrom } from './policyForm.js';
import { changesForPeople, replayForPeople } from './policyWords.js';

type Body = Record<string, unknown> | undefined;

/**
 * Shows what a proposal would change, which requests would be decided otherwise, and its faults (422), with a form that saves
 * exactly this proposal. One that was made from another policy than the one in force is shown beside it (409).
 *
 * @param more.problem why it could not be saved, if that was tried
 * @param more.draft the proposal as it was carried out a moment ago
 */
export async function showProposal(
  deps: Deps,
  res: Response,
  proposal: PolicyProposal,
  from: ProposalFrom,
  { problem, draft }: { problem?: PublicError; draft?: PolicyDraft } = {},
): Promise<void> {
  const preview = await previewPolicy(deps, accessIn(res), proposal, draft).catch(unlessConflict);
  if (!preview) {
    await showConflict(deps, res, proposal, from);
    return;
  }
  if (preview.faults.length > 0 && 'text' in proposal) {
    await showEditor(deps, res, { ...proposal, text: preview.text, faults: preview.faults });
    return;
  }
  res.status(problem?.status ?? (preview.faults.length > 0 ? 422 : 200)).render('admin/policyPreview', {
    ...preview,
    ...changesForPeople(preview.changes, res.locals.t),
    replay: preview.replay && replayForPeople(preview.replay, res.locals.t),
    problem: problem?.id ?? null,
    fields: fieldsOf({ proposal, from }),
    from,
    base: proposal.base,
    newTerms: proposal.terms,
    editable: 'text' in proposal && from.restoredFrom === undefined,
    // A button has no values to go back to.
    form: from.form && Object.keys(from.form.values).length > 0 ? from.form.path : null,
    commentLength: COMMENT_LENGTH,
  });
}

function unlessConflict(error: unknown): null {
  if (isError(error, 'policyConflict')) return null;
  throw error;
}

async function showConflict(
  deps: Deps,
  res: Response,
  proposal: PolicyProposal,
  from: ProposalFrom,
): Promise<void> {
  const conflict = await describeConflict(deps, proposal);
  // The form knows its fields: it puts what was typed beside what the policy holds now. Terms of use have no versions to be
  // compared by, so only their form can tell whether somebody else has changed them.
  if (from.form && (!conflict.onTop || proposal.terms !== undefined)) {
    res.redirect(307, from.form.path);
    return;
  }
  const author = conflict.latest?.author;
  const names = await namesOf(deps.store.db, author === undefined ? [] : [author]);
  res.status(409).render('admin/policyConflict', {
    ...conflict,
    author: author === undefined ? null : (names.get(author) ?? author),
    theirs: conflict.theirs && changesForPeople(conflict.theirs, res.locals.t),
    mine: conflict.mine && changesForPeople(conflict.mine, res.locals.t),
    onTop:
      conflict.onTop &&
      fieldsOf({
        proposal: conflict.onTop,
        from: { back: from.back, ...(from.form && { form: from.form }) },
      }),
    terms: proposal.terms,
    from,
  });
}

/** POST /admin/policy/preview */
export function previewProposal(deps: Deps): RequestHandler<object, unknown, Body> {
  return async (req, res) => {
    const { proposal, from } = await readProposal(deps, req.body);
    if (req.body?.edit === 'yes' && 'text' in proposal)
      await showEditor(deps, res, { ...proposal, faults: [] });
    else await showProposal(deps, res, proposal, from);
  };
}

/** POST /admin/policy/save */
export function saveProposal(deps: Deps): RequestHandler<object, unknown, Body> {
  return async (req, res) => {
    const { proposal, from } = await readProposal(deps, req.body);
    try {
      await savePolicy(deps, accessIn(res), proposal, from);
    } catch (error) {
      if (isError(error, 'policyReadOnly') || isError(error, 'policyNotWritten')) {
        await showProposal(deps, res, proposal, from, { problem: error });
      } else if (isError(error, 'policyConflict') || error instanceof PolicyError) {
        await showProposal(deps, res, proposal, from);
      } else throw error;
      return;
    }
    res.redirect(303, `${from.back}${from.back.includes('?') ? '&' : '?'}saved=yes`);
  };
}

function isError(error: unknown, id: string): error is PublicError {
  return error instanceof PublicError && error.id === id;
}
