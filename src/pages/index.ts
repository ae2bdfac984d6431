import { Router } from 'express';
import type { Deps } from '../deps.js';
import { clientLimit } from '../http/clientLimit.js';
import { createSignIn } from '../http/signIn/signIn.js';
import { createTenantSignIn } from '../http/signIn/tenantSignIn.js';
import { adminPages } from './admin/index.js';
import { alive, ready } from './health.js';
import { metrics } from './metrics.js';
import { beginSignIn, confirmSignOut, finishSignIn, showSignedOut, signOut } from './signIn.js';
import { changeLanguage } from './language.js';
import { countedOnce } from './signUp/countedOnce.js';
import { showForm, signUp, takeAddress, toForm } from './signUp/signUp.js';
import { resendInvitation, showStatus } from './status.js';
import { showTerms } from './terms.js';
import { theme } from './theme.js';
import { confirmTenantProof, showConfirmation } from './verify/confirmation.js';
import { requestMail, confirmLink, leaveCode, showLink, takeCode } from './verify/mailbox.js';
import { beginTenantProof, beginTenantSignIn, finishTenantSignIn } from './verify/tenant.js';
import { showVerifiedForm, signUpVerified } from './verify/verifiedForm.js';

/** Every URL of the portal. */
export function pages(deps: Deps): Router {
  const limited = clientLimit(deps.store);
  const once = countedOnce(deps);
  const signIn = createSignIn(deps.config, deps.entra);
  const tenants = createTenantSignIn(deps.config, deps.organizations);
  const router = Router({ caseSensitive: true });

  router.get('/', showForm(deps));
  router.get('/sign-up', toForm);
  router.get('/sign-up/address', toForm);
  router.post('/sign-up/address', limited, takeAddress(deps, once));
  router.post('/sign-up', once.limited, signUp(deps));
  router.post('/language', changeLanguage(deps));
  router.get('/terms', showTerms(deps));
  router.get('/theme.css', theme(deps));

  router.get('/requests/:token', showStatus(deps));
  router.post('/requests/:token/resend', limited, resendInvitation(deps));

  router.get('/verify/link/:secret', showLink(deps));
  router.post('/verify/link/:secret', limited, confirmLink(deps));
  router.get('/verify/code/:token', leaveCode);
  router.post('/verify/code/:token', limited, takeCode(deps));
  router.post('/verify/code/:token/again', limited, requestMail(deps));
  router.get('/verify/form', showVerifiedForm(deps));
  router.post('/verify/form', limited, signUpVerified(deps));
  router.get('/verify/tenant/:token/confirm', showConfirmation(deps));
  router.post('/verify/tenant/:token/confirm', limited, confirmTenantProof(deps));

  // These begin a session, which is a row in the store.
  router.get('/verify/tenant/:token', limited, beginTenantProof(deps, tenants));
  router.get('/verify/tenant', limited, beginTenantSignIn(deps, tenants));
  router.get('/sign-in', limited, beginSignIn(deps, signIn));
  // The session says to whom a state belongs.
  router.get('/auth/callback', finishTenantSignIn(deps, tenants), finishSignIn(deps, signIn));
  router.get('/sign-out', confirmSignOut);
  router.post('/sign-out', signOut(deps));
  router.get('/signed-out', showSignedOut);

  router.get('/healthz', alive);
  router.get('/readyz', ready(deps));
  router.get('/metrics', metrics(deps));

  router.use(adminPages(deps));

  return router;
}
