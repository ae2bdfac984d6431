import { join } from 'node:path';
import express, { type Express } from 'express';
import type { Deps } from './deps.js';
import { assets } from './http/assets.js';
import { cookies } from './http/cookies.js';
import { formProtection } from './http/csrf.js';
import { errorPage, noSuchPage } from './http/errorPage.js';
import { locals } from './http/locals.js';
import { requestLog } from './http/requestLog.js';
import { neverStored, securityHeaders } from './http/security.js';
import { sessions } from './http/session.js';
import { turns } from './http/turns.js';
import { pages } from './pages/index.js';
import { formAgain } from './pages/signUp/formAgain.js';
import { root } from './root.js';

/** Pages that need a session; no other page begins one. */
const WITH_SESSION = ['/admin', '/sign-in', '/auth', '/sign-out', '/verify/tenant', '/verify/form'];

/** The web application. A request passes its parts in this order. */
export function createApp(deps: Deps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.enable('view cache');
  app.set('trust proxy', deps.config.trustProxy);
  app.set('view engine', 'ejs');
  app.set('views', join(root, 'views'));
  app.locals.asset = deps.assets.addressOf;

  app.use(requestLog(deps));
  app.use(securityHeaders(deps.config));
  app.use(assets(deps.assets));
  app.use(neverStored);
  app.use(turns());
  app.use(cookies());
  app.use(locals(deps));
  app.use(WITH_SESSION, sessions(deps));
  app.use(formProtection(deps.config));
  app.use(pages(deps));
  app.use(noSuchPage);
  app.use(errorPage(deps.log, formAgain(deps)));
  return app;
}
