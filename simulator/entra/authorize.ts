import { randomBytes, randomUUID } from 'node:crypto';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import { findAccount } from './accounts.js';
import { authorityOf, isOnThisMachine, noSuchTenant } from './authorities.js';
import { missing } from './errors.js';
import type { AuthorizationRequest } from './grants.js';

const responseModes = ['query', 'form_post'] as const;

/** What the person's browser brings back to the app. */
export type AppAnswer = Pick<AuthorizationRequest, 'redirectUri' | 'responseMode'> & {
  parameters: Record<string, string>;
};

/** A text for the person, where nothing may go back to the app. */
export type Refusal = { refusal: string };

/** Reads a request; like Entra, it sends faults back to the app once the redirect address is known to be the app's. */
export function readAuthorization(
  authorityName: string,
  query: URLSearchParams,
): { request: AuthorizationRequest } | { answer: AppAnswer } | Refusal {
  const authority = authorityOf(authorityName);
  const redirectUri = query.get('redirect_uri');
  const clientId = query.get('client_id');
  if (!authority) return refusal(90002, noSuchTenant(authorityName));
  if (clientId === null) return refusal(900144, missing('client_id'));
  if (clientId !== seed.clientId) {
    const message = `Application with identifier '${clientId}' was not found in the directory '${seed.organization}'.`;
    return refusal(700016, message);
  }
  if (redirectUri === null) return refusal(900971, 'No reply address provided.');
  if (!isOnThisMachine(redirectUri)) {
    const message = `The redirect URI '${redirectUri}' specified in the request does not match the redirect URIs configured for the application '${clientId}'.`;
    return refusal(50011, message);
  }
  const mode = query.get('response_mode') ?? 'query';
  const request: AuthorizationRequest = {
    authority,
    redirectUri,
    responseMode: responseModes.find((known) => known === mode) ?? 'query',
    scope: (query.get('scope') ?? '').split(' ').filter((one) => one !== ''),
    state: query.get('state'),
    nonce: query.get('nonce'),
    codeChallenge: query.get('code_challenge'),
    loginHint: query.get('login_hint'),
    prompt: query.get('prompt'),
  };
  const answer = faultOf(request, query, mode);
  return answer ? { answer } : { request };
}

function faultOf(request: AuthorizationRequest, query: URLSearchParams, mode: string): AppAnswer | undefined {
  const type = query.get('response_type');
  const method = query.get('code_challenge_method');
  const { codeChallenge, scope } = request;
  if (type === null) return sendBack(request, 'invalid_request', 900144, missing('response_type'));
  if (type !== 'code') {
    const message = `response_type '${type}' is not enabled for the application.`;
    return sendBack(request, 'unsupported_response_type', 700054, message);
  }
  if (mode !== request.responseMode) {
    const message = `'${mode}' is not a supported value of 'response_mode' when requesting a token.`;
    return sendBack(request, 'invalid_request', 70007, message);
  }
  if (scope.length === 0) return sendBack(request, 'invalid_request', 900144, missing('scope'));
  if (codeChallenge === null && method === null) return undefined;
  if (method !== 'S256') {
    return sendBack(request, 'invalid_request', 50149, 'Invalid Code_Challenge_method parameter.');
  }
  if (!/^[\w-]{43}$/.test(codeChallenge ?? '')) {
    return sendBack(request, 'invalid_request', 501491, 'Invalid size of Code_Challenge parameter.');
  }
  return undefined;
}

/** The person chose an account: returns a code for the app, good for one use. */
export function signIn(tenant: Tenant, request: AuthorizationRequest, oid: string): AppAnswer | Refusal {
  const account = findAccount(tenant, request.authority, oid);
  if (!account) return refusal(50034, `The user account '${oid}' does not exist in this directory.`);
  if (!account.enabled) return refusal(50057, 'The user account is disabled.');
  const code = randomBytes(48).toString('base64url');
  const expiresAt = Date.now() + tenant.settings.codeLifetimeSeconds * 1000;
  tenant.codes.set(code, { request, account, expiresAt, redeemed: false });
  return answerOf(request, { code, session_state: randomUUID() });
}

/** The person went back without signing in. */
export function cancel(request: AuthorizationRequest): AppAnswer {
  const { parameters, ...answer } = sendBack(request, 'access_denied', 65004, 'User declined to sign in.');
  return { ...answer, parameters: { ...parameters, error_subcode: 'cancel' } };
}

/** `prompt=none`: answers without a page. */
export function answerSilently(
  tenant: Tenant,
  request: AuthorizationRequest,
  signedIn: string | undefined,
): AppAnswer {
  const outcome = signedIn === undefined ? undefined : signIn(tenant, request, signedIn);
  if (outcome && 'parameters' in outcome) return outcome;
  const message = 'A silent sign-in request was sent but no user is signed in.';
  return sendBack(request, 'login_required', 50058, message);
}

/** Where the browser goes with an answer in the query. */
export function addressOf({ redirectUri, parameters }: AppAnswer): string {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, value);
  return url.href;
}

function sendBack(request: AuthorizationRequest, error: string, code: number, message: string): AppAnswer {
  return answerOf(request, { error, error_description: `AADSTS${code}: ${message}` });
}

function answerOf(request: AuthorizationRequest, parameters: Record<string, string>): AppAnswer {
  const { redirectUri, responseMode, state } = request;
  return { redirectUri, responseMode, parameters: { ...parameters, ...(state !== null && { state }) } };
}

function refusal(code: number, message: string): Refusal {
  return { refusal: `AADSTS${code}: ${message}` };
}
