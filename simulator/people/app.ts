import { join } from 'node:path';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { controlApi } from '../control.js';
import { offeredAccounts } from '../entra/accounts.js';
import { everyTenant } from '../entra/authorities.js';
import { root } from '../root.js';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import { directoryPages } from './directoryPages.js';
import { faultPages } from './faultPages.js';
import { inboxPages } from './inboxPages.js';
import { redeemPages } from './redeemPages.js';
import { securityHeaders } from './securityHeaders.js';
import { signInPages } from './signInPages.js';

/** The plain HTTP port: pages on which a person looks at the tenant, and the control endpoint for tests. */
export function createPeopleApp(tenant: Tenant): Express {
  const app = express();
  app.set('view engine', 'ejs');
  app.set('views', join(root, 'simulator/views'));
  app.locals.organization = seed.organization;

  app.use(securityHeaders());
  app.use('/assets', express.static(join(root, 'node_modules/bootstrap/dist')));
  app.use('/assets', express.static(join(root, 'simulator/views/assets')));
  app.use(express.urlencoded({ extended: false }));
  app.get('/', function overview(_request, response) {
    const people = offeredAccounts(tenant, everyTenant);
    response.render('overview', { title: 'Overview', tenant, seed, people });
  });
  app.use('/inbox', inboxPages(tenant));
  app.use('/redeem', redeemPages(tenant));
  app.use('/directory', directoryPages(tenant));
  app.use('/faults', faultPages(tenant));
  app.use('/control', controlApi(tenant));
  app.use('/:authority/oauth2/v2.0', signInPages(tenant));
  app.use(function notFound(_request, response) {
    response.status(404).render('message', { title: 'Not found', text: 'There is no such page.' });
  });
  app.use(showError);
  return app;
}

const showError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) {
    next(error);
    return;
  }
  const text = error instanceof Error ? error.message : 'Something went wrong.';
  response.status(500).render('message', { title: 'Error in the simulator', text });
};
