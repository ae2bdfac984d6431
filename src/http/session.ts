import type { Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import type { Person } from '../access/access.js';
import type { Deps } from '../deps.js';
import type { TenantIdentity } from '../entra/tenantIdentity.js';
import { allowFormTarget } from './security.js';
import { contentOf, SessionStore } from './sessionStore.js';

/** What a person has just done, to be said once on the page that they are sent to. */
export type Note = {
  /** The path of that page: another one, or another tab, does not take it. */
  path: string;
  /** Names a sentence. */
  name: string;
  /** How many it was done for. */
  count: number;
};

declare module 'express-session' {
  interface SessionData {
    /** Who has signed in, as Entra last described them. */
    person: Person;
    /** In ms since 1970. */
    signedInAt: number;
    /** In ms since 1970: when Entra last said what the person may do. */
    rightsReadAt: number;
    /** In ms since 1970: when Entra last gave no answer about the person's rights. */
    rightsAskedAt: number;
    /** Buys the next look at the person's rights; sealed. */
    refreshToken: string;
    /** What the person has just done, until a page has said so. */
    note: Note;
    /** Sign-ins of staff that have begun in this browser, the latest last: each tab goes back to a path of its own. */
    staffTabs: { state: string; returnTo: string }[];
    /** What the sign-in library keeps of them. */
    staffSignIns: unknown;
    /** Sign-ins of a partner's people that are under way, and for which request; null before any form. */
    tenantSignIns: { state: string; requestId: string | null }[];
    /** Who of a partner has signed in before any form: it fills in the form and gives no right in the portal. */
    tenantIdentity: TenantIdentity & {
      /** The address with which they may sign up, canonical. */
      address: string;
      /** In ms since 1970. */
      signedInAt: number;
    };
    /** Who has come back from a sign-in for a request that another browser has sent, and is to see what was typed. */
    tenantConfirmations: {
      requestId: string;
      identity: TenantIdentity;
      /** In ms since 1970. */
      signedInAt: number;
    }[];
  }
}

/**
 * Sessions of people who sign in. The cookie is gone when the browser closes; the session in the store ends after a
 * while without use, and in any case some hours after the sign-in.
 */
export function sessions(deps: Deps): RequestHandler {
  const { name, options } = cookieOf(deps);
  const load = session({
    name,
    secret: [...deps.config.secrets],
    store: new SessionStore(deps),
    saveUninitialized: false,
    resave: false,
    // TLS ends at the proxy in front: what the address says is what counts.
    proxy: true,
    cookie: options,
  });
  return function loadSession(req, res, next) {
    // Browsers hold the redirect after a form post to form-action too, and every page has a button to sign out.
    allowFormTarget(res, deps.entra.signOutOrigin());
    void load(req, res, next);
  };
}

function cookieOf({ config }: Pick<Deps, 'config'>) {
  const secure = config.baseUrl.startsWith('https:');
  return {
    name: secure ? '__Host-portal.session' : 'portal.session',
    options: { httpOnly: true, sameSite: 'lax', secure, path: '/' } as const,
  };
}

/** Takes the session out of the store and the cookie out of the browser. */
export async function endSession(deps: Pick<Deps, 'config'>, req: Request, res?: Response): Promise<void> {
  await promised((done) => req.session.destroy(done));
  const { name, options } = cookieOf(deps);
  (res ?? req.res)?.clearCookie(name, options);
}

/** Ends a session in which nobody has signed in and no sign-in is under way; stores any other. */
export async function endIdleSession(deps: Pick<Deps, 'config'>, req: Request, res: Response): Promise<void> {
  const {
    person,
    tenantIdentity,
    staffTabs = [],
    tenantSignIns = [],
    tenantConfirmations = [],
  } = req.session;
  const underWay = staffTabs.length + tenantSignIns.length + tenantConfirmations.length > 0;
  if (person || tenantIdentity || underWay) await saveSession(req);
  else await endSession(deps, req, res);
}

/** A new session in the place of the old one: its id may be known to somebody else. Only sign-ins of other tabs go on. */
export async function renewSession(req: Request): Promise<void> {
  const { staffTabs, staffSignIns } = req.session;
  await promised((done) => req.session.regenerate(done));
  if (staffTabs) Object.assign(req.session, { staffTabs, staffSignIns });
}

/**
 * The same session under a new id, for a sign-in that adds to what is there: staff stay signed in, and what is under way in
 * other tabs goes on.
 */
export async function moveSession(req: Request): Promise<void> {
  const content = contentOf(req.session);
  await renewSession(req);
  Object.assign(req.session, content);
}

/**
 * Stores the session before an answer that makes the browser come back at once: express-session sends an answer's headers
 * before it stores anything, and the browser would find the session of before.
 */
export async function saveSession(req: Pick<Request, 'session'>): Promise<void> {
  await promised((done) => req.session.save(done));
}

function promised(work: (done: (error?: Error | null) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    work((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
