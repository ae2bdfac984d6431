import type { RequestHandler, Response } from 'express';
import type { Access } from '../../../access/access.js';
import type { Deps } from '../../../deps.js';
import { PublicError } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import { leaveNote } from '../../../http/note.js';
import { consequencesInWords } from '../../../licences/inWords.js';
import { inspect, type Inspection } from '../../../requests/list/inspect.js';
import { meaningOf } from '../../../requests/problems.js';
import { decide, resendAsAdmin, ReviewConflict } from '../../../requests/review/decide.js';
import { mayRestore, restoreGuest } from '../../../requests/review/restoreGuest.js';
import type { ReviewAction } from '../../../requests/review/permissions.js';
import type { RequestRow } from '../../../store/schema.js';
import { flashFor, type Flash } from './flash.js';
import { decisionIn, LENGTHS, readReviewForm, type Body, type ReviewForm } from './requestForm.js';

type Params = { id: string };
type Action = ReviewAction | 'resend' | 'restore';

/** A form that was not carried out, as it is shown again. */
type Returned = { action: Action; form: ReviewForm; refusal: string | null; conflict: ReviewConflict | null };

/** Refusals that the person mends in the form itself. */
const MENDABLE = new Set([
  'partnerNeeded',
  'grantsOutside',
  'nothingChosen',
  'policyRefuses',
  'proofMissing',
  'notRestorable',
  'restoreForbidden',
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
    const follows = mark !== undefined;
    // Forms are replaced only when they are stale: somebody may be typing.
    const movedOn = typeof version === 'string' && version !== String(inspection.request.version);
    const flash = follows ? null : await flashFor(deps, req, res, inspection.request.id);
    render(res, inspection, { movedOn, flash });
  };
}

/** POST /admin/requests/:id/approve, …/deny, …/retry, …/hold, …/resend, …/restore */
export function decideRequest(deps: Deps, action: Action): RequestHandler<Params, unknown, Body> {
  return async (req, res) => {
    const { id } = req.params;
    const access = accessIn(res);
    const form = readReviewForm(action, req.body);
    const showAgain = async (status: number, why: Partial<Pick<Returned, 'refusal' | 'conflict'>> = {}) => {
      const inspection = await inspect(deps, access, id, form.values.partner);
      const returned = { action, form, refusal: null, conflict: null, ...why };
      render(res.status(status), inspection, { returned });
    };
    if (form.faults.length > 0) {
      await showAgain(422);
      return;
    }
    try {
      const done = await carryOut(deps, access, id, { action, form });
      if (done) await leaveNote(req, { path: `/admin/requests/${id}`, name: action, count: 1 });
    } catch (error) {
      if (error instanceof ReviewConflict) {
        await showAgain(409, { conflict: error });
        return;
      }
      if (!(error instanceof PublicError && MENDABLE.has(error.id))) throw error;
      await showAgain(error.status, { refusal: error.id });
      return;
    }
    res.redirect(303, `/admin/requests/${id}`);
  };
}

/** @returns whether it was done: a mail may have gone a moment ago, as the page says anyway */
async function carryOut(
  deps: Deps,
  access: Access,
  id: string,
  { action, form }: Pick<Returned, 'action' | 'form'>,
): Promise<boolean> {
  const { version } = form.seen;
  if (action === 'resend') {
    return (await resendAsAdmin(deps, access, id, { version })).allowed;
  }
  if (action === 'restore') {
    await restoreGuest(deps, access, id, { version });
    return true;
  }
  const { partner, grants } = form.values;
  const choice = { ...(partner !== undefined && { partner }), ...(grants && { grants }) };
  await decide(deps, access, id, { ...decisionIn(action, form.values, choice), version });
  return true;
}

/** What a page of a request shows besides the request. */
type Besides = { movedOn?: boolean; flash?: Flash | null; returned?: Returned | null };

function render(
  res: Response,
  inspection: Inspection,
  { movedOn = false, flash = null, returned = null }: Besides,
): void {
  const problem = problemOf(inspection.request);
  const restorable = mayRestore(inspection.request);
  res.render('admin/request', {
    ...inspection,
    costs: consequencesInWords(res.locals.t, res.locals.locale, inspection.costs),
    problem,
    movedOn,
    flash,
    returned,
    restorable,
    lengths: LENGTHS,
  });
}

/** `ofTenant`: its cause is how the tenant, or the portal in it, is set up; the doctor knows more. */
type ShownProblem = { code: string; detail?: string; ofTenant: boolean };

/**
 * Why a request stands still, takes longer or was refused; null when nothing is wrong, or when an approver has denied it:
 * their words say more. A denial by the policy has the last of its reasons, as in the list.
 */
function problemOf({
  problem,
  state,
  review,
  decision,
}: Pick<RequestRow, 'problem' | 'state' | 'review' | 'decision'>): ShownProblem | null {
  if (problem) return { ...problem, ofTenant: meaningOf(problem.code).staff === 'mend' };
  const refusal = state === 'denied' && !review ? decision.reasons.at(-1) : undefined;
  return refusal ? { code: refusal.code, ofTenant: false } : null;
}
