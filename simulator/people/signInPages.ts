import type { IncomingMessage } from 'node:http';
import { Router, type Request, type Response } from 'express';
import { offeredAccounts } from '../entra/accounts.js';
import { authorityOf, isOnThisMachine, noSuchTenant } from '../entra/authorities.js';
import {
  addressOf,
  answerSilently,
  cancel,
  readAuthorization,
  signIn,
  type AppAnswer,
} from '../entra/authorize.js';
import type { AuthorizationRequest } from '../entra/grants.js';
import type { Tenant } from '../tenant.js';
import { securityHeaders } from './securityHeaders.js';

/** Remembers who signed in last, until they sign out. */
const COOKIE = 'simulated-sign-in';

type SignInRequest = Request<{ authority: string }, unknown, { oid?: string; cancel?: string } | undefined>;

/** `/{tenant}/oauth2/v2.0/authorize` and `/logout`: where the portal sends people to sign in and out. */
export function signInPages(tenant: Tenant): Router {
  const router = Router({ mergeParams: true });
  // Chromium applies form-action to the redirect after a form post too.
  router.use(securityHeaders(appOrigin));

  router.get('/authorize', function showSignIn(request: SignInRequest, response) {
    const wanted = read(request, response);
    if (!wanted) return;
    const signedIn = signedInPerson(request);
    if (wanted.prompt === 'none') sendAnswer(response, answerSilently(tenant, wanted, signedIn));
    else showPeople(tenant, wanted, signedIn, response);
  });

  router.post('/authorize', function finishSignIn(request: SignInRequest, response) {
    const wanted = read(request, response);
    if (!wanted) return;
    const { oid = '', cancel: cancelled } = request.body ?? {};
    const outcome = cancelled === undefined ? signIn(tenant, wanted, oid) : cancel(wanted);
    if ('refusal' in outcome) {
      showRefusal(response, outcome.refusal);
      return;
    }
    if (cancelled === undefined) response.cookie(COOKIE, oid, { httpOnly: true, sameSite: 'lax' });
    sendAnswer(response, outcome);
  });

  router.get('/logout', function signOut(request: SignInRequest, response) {
    if (!authorityOf(request.params.authority)) {
      showRefusal(response, `AADSTS90002: ${noSuchTenant(request.params.authority)}`);
      return;
    }
    const query = queryOf(request);
    const next = query.get('post_logout_redirect_uri') ?? '';
    const state = query.get('state');
    response.clearCookie(COOKIE, { httpOnly: true, sameSite: 'lax' });
    if (isOnThisMachine(next)) {
      const url = new URL(next);
      if (state !== null) url.searchParams.append('state', state);
      response.redirect(302, url.href);
      return;
    }
    const text = 'You signed out of your account. It is a good idea to close all browser windows.';
    response.render('message', { title: 'Signed out', text });
  });

  return router;
}

/** The app's request; undefined when it was answered already. */
function read(request: SignInRequest, response: Response): AuthorizationRequest | undefined {
  const reading = readAuthorization(request.params.authority, queryOf(request));
  if ('request' in reading) return reading.request;
  if ('answer' in reading) sendAnswer(response, reading.answer);
  else showRefusal(response, reading.refusal);
  return undefined;
}

function showPeople(
  tenant: Tenant,
  { authority, redirectUri, loginHint }: AuthorizationRequest,
  signedIn: string | undefined,
  response: Response,
): void {
  const hint = loginHint?.toLowerCase();
  const people = offeredAccounts(tenant, authority).map((account) => ({
    ...account,
    hinted: account.userName.toLowerCase() === hint,
    signedIn: account.oid === signedIn,
  }));
  response.render('signIn', {
    title: 'Sign in',
    people: people.sort((one, other) => Number(other.hinted) - Number(one.hinted)),
    everywhere: authority.tenantId === undefined,
    app: new URL(redirectUri).host,
  });
}

/** 303: the browser must not repeat a form post at the portal. */
function sendAnswer(response: Response, answer: AppAnswer): void {
  if (answer.responseMode === 'query') response.redirect(303, addressOf(answer));
  else response.render('formPost', { title: 'Back to the portal', ...answer });
}

function showRefusal(response: Response, text: string): void {
  response.status(400).render('message', { title: 'Sorry, we are having trouble signing you in', text });
}

function signedInPerson(request: Request<{ authority: string }>): string | undefined {
  return new RegExp(`(?:^|; )${COOKIE}=([0-9a-f-]{36})(?:;|$)`).exec(request.headers.cookie ?? '')?.[1];
}

function appOrigin(request: IncomingMessage): string {
  const redirectUri = queryOf(request).get('redirect_uri') ?? '';
  return isOnThisMachine(redirectUri) ? new URL(redirectUri).origin : "'self'";
}

function queryOf(request: Pick<IncomingMessage, 'url'>): URLSearchParams {
  return new URL(request.url ?? '/', 'http://localhost').searchParams;
}
