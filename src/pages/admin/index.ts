import { Router, type RequestHandler } from 'express';
import type { Right } from '../../access/access.js';
import type { Deps } from '../../deps.js';
import { noSuchPage } from '../../http/errorPage.js';
import { accessIn, requireRight } from '../../http/guard.js';
import { adminLocals } from '../../http/locals.js';
import { countPending } from '../../store/requestFigures.js';
import {
  addItem,
  changeItem,
  listCatalogue,
  removeItem,
  showItem,
  showNewItem,
} from './catalogue/catalogue.js';
import { changeRules, showRules } from './partners/partnerRules.js';
import {
  addPartner,
  changeByButton,
  changePartner,
  showNewPartner,
  showPartner,
} from './partners/partners.js';
import { listPartners } from './partners/partnersList.js';
import { pick, showNames } from './pickers/pickers.js';
import { landOnWork } from './landing.js';
import { changeSettings, showSettings } from './settings.js';
import { exportAudit, showAudit, verifyTrail } from './audit/audit.js';
import { downloadTemplate, previewFile, showBulk } from './bulk/bulk.js';
import { downloadRows } from './bulk/downloadRows.js';
import { changeRunByButton, confirmUndo, showProgress, showRun, showRuns, start } from './bulk/runs.js';
import { exportLicences, readLicencesAgain, showLicences, typeOwned } from './licences/licences.js';
import { checkNow, showDoctor, showFindings } from './doctor.js';
import { showStyleGuide } from './styleGuide.js';
import { explainAddress } from './policy/explainAddress.js';
import { showOverview } from './overview/overview.js';
import { showPolicy } from './policy/policy.js';
import { showVersion, showVersions } from './policy/policyVersions.js';
import { previewProposal, saveProposal } from './policy/proposals.js';
import { decideRequest, showRequest } from './requests/request.js';
import { decidePacedRequests } from './requests/paced.js';
import { confirmDecision, decideRequests } from './requests/requestBatch.js';
import { exportRequests, showRequests } from './requests/requests.js';

/** Every URL of the admin area, and the right that each asks for. */
export function adminPages(deps: Deps): Router {
  const may = (right: Right) => [adminLocals, requireRight(deps, right), countWaiting(deps)];
  const router = Router({ caseSensitive: true });

  router.get('/admin/partners', may('policy.read'), listPartners(deps));
  router.get('/admin/partners/new', may('policy.write'), showNewPartner(deps));
  router.post('/admin/partners/new', may('policy.write'), addPartner(deps));
  router.get('/admin/partners/rules', may('policy.read'), showRules(deps));
  router.post('/admin/partners/rules', may('policy.write'), changeRules(deps));
  router.get('/admin/partners/:id', may('policy.read'), showPartner(deps));
  router.post('/admin/partners/:id', may('policy.write'), changePartner(deps));
  router.post('/admin/partners/:id/enable', may('policy.write'), changeByButton(deps, 'enable'));
  router.post('/admin/partners/:id/disable', may('policy.write'), changeByButton(deps, 'disable'));
  router.post('/admin/partners/:id/remove', may('policy.write'), changeByButton(deps, 'remove'));
  for (const kind of ['apps', 'groups'] as const) {
    router.get(`/admin/${kind}`, may('policy.read'), listCatalogue(deps, kind));
    router.get(`/admin/${kind}/new`, may('policy.write'), showNewItem(deps, kind));
    router.post(`/admin/${kind}/new`, may('policy.write'), addItem(deps, kind));
    router.get(`/admin/${kind}/:key`, may('policy.read'), showItem(deps, kind));
    router.post(`/admin/${kind}/:key`, may('policy.write'), changeItem(deps, kind));
    router.post(`/admin/${kind}/:key/remove`, may('policy.write'), removeItem(deps, kind));
  }
  router.get('/admin/settings', may('policy.read'), showSettings(deps));
  router.post('/admin/settings', may('policy.write'), changeSettings(deps));
  router.get('/admin/pickers/groups', may('policy.write'), pick(deps, 'groups'));
  router.get('/admin/pickers/apps', may('policy.write'), pick(deps, 'apps'));
  router.get('/admin/pickers/people', may('policy.write'), pick(deps, 'people'));
  router.get('/admin/pickers/names', may('policy.read'), showNames(deps));

  router.get('/admin', may('overview'), landOnWork, showOverview(deps));
  router.get('/admin/overview', may('overview'), showOverview(deps));
  router.get('/admin/requests', may('requests.read'), showRequests(deps));
  router.get('/admin/requests.csv', may('requests.read'), exportRequests(deps));
  router.get('/admin/requests/decide', may('requests.decide'), confirmDecision(deps));
  router.post('/admin/requests/decide', may('requests.decide'), decideRequests(deps));
  router.post('/admin/requests/paced', may('requests.decide'), decidePacedRequests(deps));
  router.get('/admin/requests/:id', may('requests.read'), showRequest(deps));
  router.post('/admin/requests/:id/approve', may('requests.decide'), decideRequest(deps, 'approve'));
  router.post('/admin/requests/:id/deny', may('requests.decide'), decideRequest(deps, 'deny'));
  router.post('/admin/requests/:id/retry', may('requests.decide'), decideRequest(deps, 'retry'));
  router.post('/admin/requests/:id/hold', may('requests.decide'), decideRequest(deps, 'hold'));
  router.post('/admin/requests/:id/restore', may('requests.decide'), decideRequest(deps, 'restore'));
  router.post('/admin/requests/:id/resend', may('requests.decide'), decideRequest(deps, 'resend'));

  router.get('/admin/bulk', may('bulk.read'), showBulk(deps));
  router.post('/admin/bulk', may('bulk.run'), previewFile(deps));
  router.get('/admin/bulk/:template', may('bulk.read'), downloadTemplate);
  router.get('/admin/runs', may('bulk.read'), showRuns(deps));
  router.get('/admin/runs/:id', may('bulk.read'), showRun(deps));
  router.get('/admin/runs/:id/progress', may('bulk.read'), showProgress(deps));
  router.get('/admin/runs/:id/undo', may('bulk.run'), confirmUndo(deps));
  router.get('/admin/runs/:id/:file', may('bulk.read'), downloadRows(deps));
  router.post('/admin/runs/:id/start', may('bulk.run'), start(deps));
  router.post('/admin/runs/:id/:action', may('bulk.run'), changeRunByButton(deps));

  router.get('/admin/licences', may('licences.read'), showLicences(deps));
  router.get('/admin/licences.csv', may('licences.read'), exportLicences(deps));
  router.post('/admin/licences/owned', may('licences.write'), typeOwned(deps));
  router.post('/admin/licences/read', may('licences.write'), readLicencesAgain(deps));

  router.get('/admin/audit', may('audit.read'), showAudit(deps));
  router.get('/admin/audit.csv', may('audit.read'), exportAudit(deps));
  router.post('/admin/audit/verify', may('audit.read'), verifyTrail(deps));

  router.get('/admin/doctor', may('doctor.read'), showDoctor(deps));
  router.get('/admin/doctor/findings', may('doctor.read'), showFindings(deps));
  router.post('/admin/doctor', may('doctor.read'), checkNow(deps));

  router.get('/admin/policy', may('policy.read'), showPolicy(deps));
  router.post('/admin/policy/preview', may('policy.write'), previewProposal(deps));
  router.post('/admin/policy/save', may('policy.write'), saveProposal(deps));
  router.get('/admin/policy/versions', may('policy.read'), showVersions(deps));
  router.get('/admin/policy/versions/:id', may('policy.read'), showVersion(deps));
  router.get('/admin/policy/explain', may('policy.read'), explainAddress(deps));

  if (!deps.config.production) router.get('/admin/styleguide', may('overview'), showStyleGuide);

  // Strangers do not learn which pages there are.
  router.use('/admin', may('overview'), noSuchPage);

  return router;
}

/** The menu of every page shows how many requests wait. */
function countWaiting({ store }: Deps): RequestHandler {
  return async (_req, res, next) => {
    res.locals.waiting = await countPending(store.db, accessIn(res).reads);
    next();
  };
}
