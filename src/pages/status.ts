import type { Request, RequestHandler, Response } from 'express';
import type { Deps } from '../deps.js';
import { readBrowser } from '../http/browserKey.js';
import { requestResend } from '../requests/resend/requestResend.js';
import { follow } from '../requests/follow/follow.js';
import type { CodeFault } from '../requests/prove/enterCode.js';

type TokenParams = { token: string };

/** GET /requests/:token, for people and, as JSON, for machines. */
export function showStatus(deps: Deps): RequestHandler<TokenParams> {
  return async (req, res) => {
    await answerStatus(deps, req, res);
  };
}

/**
 * Answers with the status of a request, as this viewer may see it.
 *
 * @param refused what is wrong with a code that was typed on the page
 */
export async function answerStatus(
  deps: Deps,
  req: Request<TokenParams>,
  res: Response,
  refused: CodeFault | null = null,
): Promise<void> {
  const request = await follow(deps, req.params.token, readBrowser(deps.config, req));
  res.vary('Accept');
  if (req.accepts(['html', 'json']) === 'json') {
    const { status, reason, steps, updatedAt } = request;
    res.json({ status, reason, steps, updatedAt });
    return;
  }
  res.render('status', {
    request,
    token: req.params.token,
    refused,
    mailedByMicrosoft: deps.mailer === null,
  });
}

/** POST /requests/:token/resend */
export function resendInvitation(deps: Deps): RequestHandler<TokenParams> {
  return async (req, res) => {
    const { token } = req.params;
    // In any case the page says where the mail stands.
    await requestResend(deps, token, readBrowser(deps.config, req));
    res.redirect(303, `/requests/${token}`);
  };
}
