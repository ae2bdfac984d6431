import type { Response } from 'express';
import type { PolicyPreview } from '../../../administration/previewPolicy.js';
import type { PublicError } from '../../../errors.js';
import { viewOfChanges, viewOfReplay } from './policyViews.js';
import { COMMENT_LENGTH, fieldsOf, type SentProposal } from './sentProposal.js';

/**
 * Shows what a proposal would change, which requests would be decided otherwise, and its faults (422), with a form that saves
 * exactly this proposal.
 *
 * @param problem why it could not be saved, if that was tried
 */
export function renderPreview(
  res: Response,
  preview: PolicyPreview,
  sent: SentProposal,
  problem?: PublicError,
): void {
  const { proposal, back, comment, restoredFrom, form } = sent;
  res.status(problem?.status ?? (preview.faults.length > 0 ? 422 : 200)).render('admin/policyPreview', {
    ...preview,
    ...viewOfChanges(preview.changes, res.locals.t),
    replay: preview.replay && viewOfReplay(preview.replay, res.locals.t),
    problem: problem?.id ?? null,
    fields: fieldsOf(sent),
    back,
    comment,
    base: proposal.base,
    newTerms: proposal.terms,
    editable: 'text' in proposal && restoredFrom === undefined,
    // A button has no values to go back to.
    form: form && Object.keys(form.values).length > 0 ? form.path : null,
    commentLength: COMMENT_LENGTH,
  });
}
