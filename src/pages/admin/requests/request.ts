import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../../deps.js';
import { PublicError } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import { inspect, type Inspection } from '../../../requests/list/inspect.js';
import { approve, deny, hold, resendAsAdmin, retry } from '../../../requests/review/review.js';
import type { ReviewAction } from '../../../requests/review/reviewActions.js';
import { ReviewConflict } from '../../../requests/review/reviewConflict.js';
import { problemOf } from './problem.js';
import { LENGTHS, readReviewForm, type Body, type ReviewForm } from './requestForm.js';

type Params = { id: string };
type Action = ReviewAction | 'resend';

/** What a form that was not carried out is shown again with. */
type Returned = { action: Action; form: ReviewForm; refusal: string | null; conflict: ReviewConflict | null };

/** Refusals that the person mends in the form itself. */
const MENDABLE = new Set([
  'partnerNeeded',
  'grantsOutside',
  'nothingChosen',
  'policyRefuses',
  'proofMissing',
]);

/**
 * GET /admin/requests/:id; `partner` names one whose grants are to be offered. A page that follows the work says what it
 * shows already, as `version` and `mark`: 204 when nothing has changed since.
 */
export function showRequest(deps: Deps): RequestHandler<Params> {
  return async (req, res) => {
    const { partner, version, mark } = req.query;
    const inspection = await inspect(
      deps,
      accessIn(res),
      req.params.id,
      typeof partner === 'string' ? partner : undefined,
    );
    if (mark === inspection.mark) {
      res.status(204).end();
      return;
    }
    // Forms are replaced only when they are stale: somebody may be typing.
    const movedOn = typeof version === 'string' && version !== String(inspection.request.version);
    render(res, inspection, movedOn, null);
  };
}

/** POST /admin/requests/:id/approve, …/deny, …/retry, …/hold, …/resend */
export function decideRequest(deps: Deps, action: Action): RequestHandler<Params, unknown, Body> {
  return async (req, res) => {
    const { id } = req.params;
    const form = readReviewForm(action, req.body);
    if (form.faults.length > 0) {
      await showAgain(deps, id, res, 422, { action, form, refusal: null, conflict: null });
      return;
    }
    try {
      await carryOut(deps, res, id, action, form);
    } catch (error) {
      if (error instanceof ReviewConflict) {
        await showAgain(deps, id, res, 409, { action, form, refusal: null, conflict: error });
        return;
      }
      if (!(error instanceof PublicError && MENDABLE.has(error.id))) throw error;
      await showAgain(deps, id, res, error.status, { action, form, refusal: error.id, conflict: null });
      return;
    }
    res.redirect(303, `/admin/requests/${id}`);
  };
}

async function carryOut(deps: Deps, res: Response, id: string, action: Action, { seen, values }: ReviewForm) {
  const access = accessIn(res);
  const { version } = seen;
  const { reason, partner, grants } = values;
  const note = values.note === '' ? {} : { note: values.note };
  switch (action) {
    case 'approve':
      return approve(deps, access, id, {
        version,
        ...note,
        ...(partner !== undefined && { partner }),
        ...(grants && { grants }),
      });
    case 'deny':
      return deny(deps, access, id, { version, reason, ...note });
    case 'retry':
      return retry(deps, access, id, { version });
    case 'hold':
      return hold(deps, access, id, { version, ...note });
    case 'resend':
      // Whatever came of it, the page says where the mail stands.
      return resendAsAdmin(deps, access, id, { version });
  }
}

async function showAgain(deps: Deps, id: string, res: Response, status: number, returned: Returned) {
  const inspection = await inspect(deps, accessIn(res), id, returned.form.values.partner);
  render(res.status(status), inspection, false, returned);
}

function render(res: Response, inspection: Inspection, movedOn: boolean, returned: Returned | null): void {
  const problem = problemOf(inspection.request);
  res.render('admin/request', { ...inspection, problem, movedOn, returned, lengths: LENGTHS });
}
