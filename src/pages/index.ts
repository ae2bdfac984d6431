import { Router } from 'express';
import type { Deps } from '../deps.js';
import { clientLimit } from '../http/clientLimit.js';
import { alive, ready } from './health.js';
import { showForm, signUp } from './signUp.js';
import { resendInvitation, showStatus } from './status.js';
import { showTerms } from './terms.js';
import { theme } from './theme.js';

/** Every URL of the portal. */
export function pages(deps: Deps): Router {
  const limited = clientLimit(deps.store);
  const router = Router({ caseSensitive: true });

  router.get('/', showForm(deps));
  router.get('/sign-up', (_req, res) => {
    res.redirect(303, '/');
  });
  router.post('/sign-up', limited, signUp(deps));
  router.get('/terms', showTerms(deps));
  router.get('/theme.css', theme(deps));

  router.get('/requests/:token', showStatus(deps));
  router.post('/requests/:token/resend', limited, resendInvitation(deps));

  router.get('/healthz', alive);
  router.get('/readyz', ready(deps));

  return router;
}
