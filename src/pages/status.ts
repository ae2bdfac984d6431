import type { RequestHandler } from 'express';
import type { Deps } from '../deps.js';
import { knownBrowser } from '../http/browserKey.js';
import { findByToken, follow } from '../requests/follow.js';
import { resend } from '../requests/resend.js';

type TokenParams = { token: string };

/** GET /requests/:token, for people and, as JSON, for machines. */
export function showStatus(deps: Deps): RequestHandler<TokenParams> {
  return async (req, res) => {
    const request = await follow(deps, req.params.token, knownBrowser(deps.config, req));
    res.vary('Accept');
    if (req.accepts(['html', 'json']) === 'json') {
      const { status, reason, steps, updatedAt } = request;
      res.json({ status, reason, steps, updatedAt });
      return;
    }
    res.render('status', { request, token: req.params.token });
  };
}

/** POST /requests/:token/resend */
export function resendInvitation(deps: Deps): RequestHandler<TokenParams> {
  return async (req, res) => {
    const { token } = req.params;
    const { request, steps } = await findByToken(deps, token);
    // Whatever came of it, the page says where the mail stands.
    await resend(deps, request, steps);
    res.redirect(303, `/requests/${token}`);
  };
}
