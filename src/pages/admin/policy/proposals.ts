import type { RequestHandler, Response } from 'express';
import { describeConflict } from '../../../administration/policyConflict.js';
import { previewPolicy } from '../../../administration/previewPolicy.js';
import { savePolicy } from '../../../administration/savePolicy.js';
import type { Deps } from '../../../deps.js';
import { notFound, PublicError } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import { PolicyError } from '../../../policyFile/faultTexts.js';
import { submitItem, submitNewItem, submitRemoval } from '../catalogue/catalogue.js';
import type { TypedForm } from '../form/typedForm.js';
import { parseFormPath } from '../objectPath.js';
import { submitRules } from '../partners/partnerRules.js';
import {
  PARTNER_BUTTONS,
  pressPartnerButton,
  submitNewPartner,
  submitPartner,
} from '../partners/partners.js';
import { submitSettings } from '../settings.js';
import { showEditor } from './policy.js';
import { renderPreview, viewOfChanges } from './policyViews.js';
import { fieldsOf, fieldsOfTerms, readProposal, type SentProposal } from './sentProposal.js';

type Body = Record<string, unknown> | undefined;

/** POST /admin/policy/preview */
export function previewProposal(deps: Deps): RequestHandler<object, unknown, Body> {
  return async (req, res) => {
    const sent = await readProposal(deps, req.body);
    const { proposal } = sent;
    if (req.body?.edit === 'yes' && 'text' in proposal)
      await showEditor(deps, res, { ...proposal, faults: [] });
    else await showProposal(deps, res, sent);
  };
}

/** POST /admin/policy/save */
export function saveProposal(deps: Deps): RequestHandler<object, unknown, Body> {
  return async (req, res) => {
    const sent = await readProposal(deps, req.body);
    try {
      await savePolicy(deps, accessIn(res), sent.proposal, sent);
    } catch (error) {
      if (isError(error, 'policyReadOnly') || isError(error, 'policyNotWritten')) {
        await showProposal(deps, res, sent, error);
      } else if (isError(error, 'policyConflict') || error instanceof PolicyError) {
        await showProposal(deps, res, sent);
      } else throw error;
      return;
    }
    res.redirect(303, `${sent.back}${sent.back.includes('?') ? '&' : '?'}saved=yes`);
  };
}

function isError(error: unknown, id: string): error is PublicError {
  return error instanceof PublicError && error.id === id;
}

/** Shows the preview of a proposal; the editor for a text with faults; or a conflict. */
async function showProposal(
  deps: Deps,
  res: Response,
  sent: SentProposal,
  problem?: PublicError,
): Promise<void> {
  const { proposal } = sent;
  const preview = await previewPolicy(deps, accessIn(res), proposal);
  if (!preview) await showConflict(deps, res, sent);
  else if (preview.faults.length > 0 && 'text' in proposal)
    await showEditor(deps, res, { ...proposal, text: preview.text, faults: preview.faults });
  else renderPreview(res, preview, sent, problem);
}

/** Shows a proposal that came too late beside the policy in force (409). */
async function showConflict(deps: Deps, res: Response, sent: SentProposal): Promise<void> {
  const { proposal, back, form } = sent;
  const conflict = await describeConflict(deps, proposal);
  // The form knows its fields, and compares them one by one. Terms of use have no versions to compare, so only their form can
  // tell whether somebody else has changed them.
  if (form && (!conflict.onTop || proposal.terms !== undefined)) {
    await resubmitForm(deps, res, form, proposal.base);
    return;
  }
  const { theirs, mine, onTop } = conflict;
  res.status(409).render('admin/policyConflict', {
    ...conflict,
    theirs: theirs && viewOfChanges(theirs, res.locals.t),
    mine: mine && viewOfChanges(mine, res.locals.t),
    onTop: onTop && fieldsOf({ proposal: onTop, back, ...(form && { form }) }),
    newTerms: fieldsOfTerms(proposal.terms),
    back,
    hasForm: form !== undefined,
  });
}

/**
 * Takes a form, or a button of one, as if it were sent to its own page: its proposal came back and can no longer be saved as it
 * is.
 *
 * @param base SHA-256 of the policy that the proposal was made from
 */
function resubmitForm(deps: Deps, res: Response, { path, values }: TypedForm, base: string): Promise<void> {
  const address = parseFormPath(path);
  if (!address) throw notFound();
  const { section, page, key, button } = address;
  const body = { ...values, base };
  if (section === 'settings') return submitSettings(deps, res, body);
  if (section === 'partners') {
    if (page === 'new') return submitNewPartner(deps, res, body);
    if (page === 'rules') return submitRules(deps, res, body);
    const pressed = PARTNER_BUTTONS.find((name) => name === button);
    return pressed
      ? pressPartnerButton(deps, res, { id: key, button: pressed, body })
      : submitPartner(deps, res, key, body);
  }
  if (page === 'new') return submitNewItem(deps, res, section, body);
  const item = { kind: section, key, body };
  return button === null ? submitItem(deps, res, item) : submitRemoval(deps, res, item);
}
