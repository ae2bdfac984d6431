import { randomUUID } from 'node:crypto';
import express, { Router, type ErrorRequestHandler } from 'express';
import { z } from 'zod';
import { describeState, describeUser } from './controlState.js';
import { addUser, findUserByAddress, type Directory } from './directory.js';
import { readAuthorization, addressOf, signIn } from './entra/authorize.js';
import { rotateKeys } from './entra/tokenKey.js';
import { graphTime, type SignInActivity, type User } from './objects.js';
import { addFault, faultOrder } from './faults.js';
import { auditOrder } from './licences.js';
import { mailsTo } from './inbox.js';
import { setPortalRoles } from './portalRoles.js';
import { settingsChange } from './settings.js';
import { resetTenant, type Tenant } from './tenant.js';
import { createThrottle, describeThrottle } from './throttling.js';

const userChange = z.strictObject({
  displayName: z.string().optional(),
  givenName: z.string().nullable().optional(),
  surname: z.string().nullable().optional(),
  userType: z.enum(['Member', 'Guest']).optional(),
  creationType: z.enum(['Invitation', 'SelfServiceSignUp', 'EmailVerified']).nullable().optional(),
  accountEnabled: z.boolean().optional(),
  otherMails: z.array(z.email()).optional(),
  proxyAddresses: z.array(z.string()).optional(),
  preferredLanguage: z.string().nullable().optional(),
  companyName: z.string().nullable().optional(),
  userPrincipalName: z.string().optional(),
  /** The last successful sign-in; null for none. */
  signedInAt: z.iso.datetime().nullable().optional(),
  /** Whether the guest redeemed the invitation. */
  accepted: z.boolean().optional(),
  /** Holds a directory role. */
  administrator: z.boolean().optional(),
  /** Soft-deleted. */
  deleted: z.boolean().optional(),
  /** The user's roles in the portal; they replace the present ones. */
  portalRoles: z.array(z.string().min(1)).optional(),
});

const signInOrder = z.strictObject({ oid: z.guid().toLowerCase(), authorizeUrl: z.url() });
const rotation = z.strictObject({ keepOld: z.boolean().default(false) });

const mailQuery = z.strictObject({ to: z.string() });

const newUser = userChange.extend({ id: z.guid().toLowerCase().optional(), mail: z.email() });

/** JSON for tests: look at the tenant, change its settings, order faults. Microsoft offers nothing like it. */
export function controlApi(tenant: Tenant): Router {
  const router = Router();
  // A fault may hold an answer that is too large for its receiver.
  router.use(express.json({ limit: '2mb' }));

  router.get('/state', (_request, response) => void response.json(describeState(tenant)));
  router.get('/mails', function listMails(request, response) {
    const { to } = mailQuery.parse(request.query);
    response.json(mailsTo(tenant.inbox, to));
  });
  router.get('/ledger', (_request, response) => void response.json(tenant.ledger.entries));

  router.put('/settings', function changeSettings(request, response) {
    Object.assign(tenant.settings, settingsChange.parse(request.body));
    response.json(tenant.settings);
  });

  router.get('/throttling', function showThrottling(_request, response) {
    response.json(describeThrottle(tenant.throttle, tenant.settings));
  });
  router.delete('/throttling', function fillBuckets(_request, response) {
    tenant.throttle = createThrottle();
    response.status(204).end();
  });

  router.post('/audits', function addToLog(request, response) {
    const entries = z.array(auditOrder).parse(request.body);
    tenant.directory.audits.push(...entries.map((entry) => ({ ...entry, id: randomUUID() })));
    response.status(201).json({ added: entries.length });
  });

  router.use('/faults', faultRoutes(tenant));
  router.use('/users', userRoutes(tenant));

  router.post('/sign-in', function signInWithoutBrowser(request, response) {
    const { oid, authorizeUrl } = signInOrder.parse(request.body);
    const outcome = signInByUrl(tenant, oid, new URL(authorizeUrl));
    response.status('error' in outcome ? 400 : 200).json(outcome);
  });
  router.post('/keys/rotate', async function rotate(request, response) {
    const { keepOld } = rotation.parse(request.body ?? {});
    await rotateKeys(tenant.keys, keepOld);
    response.json({ kid: tenant.keys.signing.keyId });
  });

  router.post('/reset', function reset(_request, response) {
    resetTenant(tenant);
    response.status(204).end();
  });

  router.use(explainRefusal);
  return router;
}

function faultRoutes(tenant: Tenant): Router {
  const router = Router();
  router.get('/', (_request, response) => void response.json(tenant.faults.active));
  router.post('/', function orderFault(request, response) {
    response.status(201).json({ id: addFault(tenant.faults, faultOrder.parse(request.body)) });
  });
  router.delete('/', function clearFaults(_request, response) {
    tenant.faults.active = [];
    response.status(204).end();
  });
  return router;
}

function userRoutes(tenant: Tenant): Router {
  const router = Router();
  router.post('/', function createUser(request, response) {
    const { mail, id, ...change } = newUser.parse(request.body);
    if (findUserByAddress(tenant.directory, mail)) {
      response.status(409).json({ error: `${mail} exists already` });
      return;
    }
    const { userType = 'Guest', creationType } = change;
    const user = addUser(tenant.directory, {
      mail,
      ...(id && { id }),
      userType,
      ...(creationType !== undefined && { creationType }),
    });
    applyChange(tenant.directory, user, change);
    response.status(201).json(describeUser(tenant, user));
  });
  router.patch('/:id', function changeUser(request, response) {
    const user = tenant.directory.users.get(request.params.id);
    if (!user) {
      response.status(404).json({ error: 'no such user' });
      return;
    }
    applyChange(tenant.directory, user, userChange.parse(request.body));
    response.json(describeUser(tenant, user));
  });
  return router;
}

/** What the browser would bring back to the app, or why Entra refuses. */
function signInByUrl(tenant: Tenant, oid: string, { pathname, searchParams }: URL) {
  const authority = /^\/([^/]+)\/oauth2\/v2\.0\/authorize$/.exec(pathname)?.[1] ?? '';
  const reading = readAuthorization(authority, searchParams);
  const outcome = 'request' in reading ? signIn(tenant, reading.request, oid) : reading;
  if ('refusal' in outcome) return { error: outcome.refusal };
  const answer = 'answer' in outcome ? outcome.answer : outcome;
  return answer.responseMode === 'form_post'
    ? { redirect: answer.redirectUri, form: answer.parameters }
    : { redirect: addressOf(answer) };
}

function applyChange(directory: Directory, user: User, change: z.output<typeof userChange>): void {
  const { accepted, administrator, deleted, portalRoles, signedInAt, ...properties } = change;
  const given = Object.entries(properties).filter(([, value]) => value !== undefined);
  Object.assign(user, Object.fromEntries(given));
  if (accepted !== undefined) {
    user.externalUserState = accepted ? 'Accepted' : 'PendingAcceptance';
    user.externalUserStateChangeDateTime = graphTime();
  }
  if (signedInAt !== undefined) {
    user.signInActivity = signedInAt === null ? null : signInActivity(signedInAt);
  }
  if (portalRoles !== undefined) setPortalRoles(directory, user.id, portalRoles);
  if (administrator === true) directory.administrators.add(user.id);
  if (administrator === false) directory.administrators.delete(user.id);
  if (deleted !== undefined) user.deletedDateTime = deleted ? graphTime() : null;
}

/** A successful sign-in, followed by refreshed tokens (non-interactive) and a failed attempt an hour later. */
function signInActivity(signedInAt: string): SignInActivity {
  return {
    lastSignInDateTime: graphTime(Date.parse(signedInAt) + 3_600_000),
    lastNonInteractiveSignInDateTime: graphTime(Date.parse(signedInAt)),
    lastSuccessfulSignInDateTime: graphTime(Date.parse(signedInAt)),
  };
}

const explainRefusal: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (error instanceof z.ZodError) response.status(400).json({ error: z.prettifyError(error) });
  else if (error instanceof SyntaxError) response.status(400).json({ error: 'The body is not JSON.' });
  else next(error);
};
