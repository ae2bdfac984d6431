import type { RequestHandler } from 'express';
import { compareVersion, listVersions } from '../../../administration/policyVersions.js';
import type { PolicyDifference } from '../../../administration/previewPolicy.js';
import type { Deps } from '../../../deps.js';
import { notFound } from '../../../errors.js';
import { accessIn } from '../../../http/guard.js';
import { viewOfChanges } from './policyViews.js';

const PAGE_LENGTH = 50;

/** GET /admin/policy/versions */
export function showVersions(deps: Deps): RequestHandler {
  return async (req, res) => {
    const { page: wanted } = req.query;
    const page = typeof wanted === 'string' && /^[1-9]\d{0,5}$/.test(wanted) ? Number(wanted) : 1;
    res.render('admin/policyVersions', {
      ...(await listVersions(deps, { limit: PAGE_LENGTH, offset: (page - 1) * PAGE_LENGTH })),
      inForce: deps.policy.current().hash,
      page,
      saved: req.query.saved === 'yes',
    });
  };
}

/** GET /admin/policy/versions/:id */
export function showVersion(deps: Deps): RequestHandler<{ id: string }> {
  return async (req, res) => {
    const { id } = req.params;
    const compared = /^\d{1,18}$/.test(id) ? await compareVersion(deps, id) : null;
    if (!compared) throw notFound();
    const { version, before, now } = compared;
    const viewOf = (difference: PolicyDifference) => ({
      ...difference,
      ...viewOfChanges(difference.changes, res.locals.t),
    });
    const writable = await deps.policy.writable();
    res.render('admin/policyVersion', {
      version,
      before: before && { id: before.id, ...viewOf(before) },
      now: now && viewOf(now),
      base: (deps.policy.newest() ?? deps.policy.current()).hash,
      readOnly: writable.ok ? null : writable.why,
      mayWrite: accessIn(res).rights.has('policy.write'),
    });
  };
}
