import type { RequestHandler, Response } from 'express';
import type { Deps } from '../../deps.js';
import { notFound } from '../../errors.js';
import { readBrowser, rememberBrowser } from '../../http/browserKey.js';
import { findByToken } from '../../requests/follow/follow.js';
import { requestAnotherMail } from '../../requests/prove/mailboxProof.js';
import { enterCode, type CodeFault } from '../../requests/prove/enterCode.js';
import { followLink, lookAtLink, type Link } from '../../requests/prove/followLink.js';
import { answerStatus } from '../status.js';

type LinkParams = { secret: string };
type TokenParams = { token: string };
type Body = Record<string, unknown> | undefined;

const STATUS_OF: Record<CodeFault['fault'], number> = {
  settled: 409,
  malformed: 422,
  wrong: 422,
  expired: 422,
  usedUp: 422,
};

/** GET /verify/link/:secret, which mail scanners open too: it consumes nothing. */
export function showLink(deps: Deps): RequestHandler<LinkParams> {
  return async (req, res) => {
    const { secret } = req.params;
    const link = await lookAtLink(deps, secret, readBrowser(deps.config, req));
    if (link.state !== 'open') {
      refuseLink(res, link);
      return;
    }
    // So that a second press of the button is recognised.
    rememberBrowser(deps.config, req, res);
    res.render('proof/link', { secret, details: link.details });
  };
}

/** POST /verify/link/:secret */
export function confirmLink(deps: Deps): RequestHandler<LinkParams> {
  return async (req, res) => {
    const link = await followLink(deps, req.params.secret, rememberBrowser(deps.config, req, res));
    if (link.state) refuseLink(res, link);
    else if (link.token === null) throw notFound();
    else res.redirect(303, `/requests/${link.token}`);
  };
}

function refuseLink(res: Response, link: Exclude<Link, { state: 'open' }>): void {
  res.status(410).render('proof/deadLink', { token: null, ...link });
}

/** GET /verify/code/:token: the answer to a code is loaded again. */
export const leaveCode: RequestHandler<TokenParams> = function leaveCode(req, res) {
  res.redirect(303, `/requests/${encodeURIComponent(req.params.token)}`);
};

/** POST /verify/code/:token */
export function takeCode(deps: Deps): RequestHandler<TokenParams, unknown, Body> {
  return async (req, res) => {
    const { token } = req.params;
    const { request } = await findByToken(deps, token);
    const refused = await enterCode(deps, request, req.body?.code, rememberBrowser(deps.config, req, res));
    if (!refused) {
      res.redirect(303, `/requests/${token}`);
      return;
    }
    res.status(STATUS_OF[refused.fault]);
    await answerStatus(deps, req, res, refused);
  };
}

/** POST /verify/code/:token/again */
export function requestMail(deps: Deps): RequestHandler<TokenParams> {
  return async (req, res) => {
    const { token } = req.params;
    const { request } = await findByToken(deps, token);
    await requestAnotherMail(deps, request.id, rememberBrowser(deps.config, req, res));
    // Whatever came of it, the page says when a mail may be asked for.
    res.redirect(303, `/requests/${token}`);
  };
}
