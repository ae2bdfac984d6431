import type { Request, RequestHandler, Response } from 'express';
import type { Deps } from '../deps.js';
import { readBrowser } from '../http/browserKey.js';
import { requestResend } from '../requests/resend/requestResend.js';
import { follow } from '../requests/follow/follow.js';
import type { Status } from '../requests/follow/status.js';
import { webmailOf } from './webmail.js';
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
    reload: reloadOf(req, request),
    token: req.params.token,
    refused,
    mailedByMicrosoft: deps.mailer === null,
    reference: request.reference,
    webmail: webmailOf(request.address),
  });
}

const RELOAD_SECONDS = 20;
const MOST_RELOADS = 3;

/**
 * Without JavaScript the page loads itself again a few times while the work goes on, which takes seconds; what takes longer has a
 * link, so that nobody who reads is thrown to the top again and again.
 */
function reloadOf(
  { params, query }: Request<TokenParams>,
  { status, proof, until }: Status,
): { seconds: number; url: string } | null {
  const times = typeof query.n === 'string' && /^\d$/.test(query.n) ? Number(query.n) : 0;
  if (status !== 'queued' || proof || until || times >= MOST_RELOADS) return null;
  return { seconds: RELOAD_SECONDS, url: `/requests/${params.token}?n=${times + 1}` };
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
