import { Router } from 'express';
import type { Deps } from '../deps.js';
import { clientLimit } from '../http/clientLimit.js';
import { createSignIn } from '../http/signIn/signIn.js';
import { adminPages } from './admin/index.js';
import { alive, ready } from './health.js';
import { beginSignIn, confirmSignOut, finishSignIn, showSignedOut, signOut } from './signIn.js';
import { showForm, signUp } from './signUp.js';
import { resendInvitation, showStatus } from './status.js';
import { showTerms } from './terms.js';
import { theme } from './theme.js';

/** Every URL of the portal. */
export function pages(deps: Deps): Router {
  const limited = clientLimit(deps.store);
  const signIn = createSignIn(deps.config, deps.entra);
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

  // It begins a session, which is a row in the store.
  router.get('/sign-in', limited, beginSignIn(deps, signIn));
  router.get('/auth/callback', finishSignIn(deps, signIn));
  router.get('/sign-out', confirmSignOut);
  router.post('/sign-out', signOut(deps));
  router.get('/signed-out', showSignedOut);

  router.get('/healthz', alive);
  router.get('/readyz', ready(deps));

  router.use(adminPages(deps));

  return router;
}
