import type { Request } from 'express';
import { z } from 'zod';
import { personKey, type Person } from '../../access/access.js';
import type { Deps } from '../../deps.js';
import { EntraFault } from '../../entra/entraFault.js';
import { unavailable } from '../../errors.js';
import { seal, unseal } from '../../sealed.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { endSession, saveSession } from '../session.js';
import { describePerson } from './describePerson.js';

/** How long Entra is left alone when it has not answered. */
const PAUSE_SECONDS = 30;

/** How long requests that began with the old session may still arrive. */
const SHARED_MS = 5_000;

/** Reads under way and just done, by the state of the session: browsers send several requests at a time. */
const shared = new Map<string, Promise<Rights>>();

/**
 * Who has signed in, with rights that were read a few minutes ago at most. While Entra does not answer, they stay in
 * force a little longer.
 *
 * @returns null when nobody has signed in, or when the session is over, which ends it
 * @throws {PublicError} `unavailable` when the rights are too old to be believed
 */
export async function currentPerson(deps: Deps, req: Request): Promise<Person | null> {
  const { person, signedInAt, rightsReadAt = 0 } = req.session;
  if (!person || signedInAt === undefined) return null;
  if (isOlder(signedInAt, deps.limits.absoluteSeconds)) return signOff(deps, req, person, 'absolute');
  if (!isOlder(rightsReadAt, deps.limits.rightsSeconds)) return person;
  return readAgain(deps, req, person, rightsReadAt);
}

async function readAgain(deps: Deps, req: Request, person: Person, readAt: number): Promise<Person | null> {
  const { rightsSeconds, rightsStaleSeconds } = deps.limits;
  if (isOlder(req.session.rightsAskedAt ?? 0, Math.min(PAUSE_SECONDS, rightsSeconds))) {
    const rights = await readOnce(req, async () => {
      const answer = await readRights(deps, person, req.session.refreshToken);
      keep(req, answer);
      // At once, so that the next request finds it.
      await saveSession(req);
      return answer;
    });
    keep(req, rights);
    if (rights.kind === 'read') return rights.person;
    if (rights.kind === 'over') return signOff(deps, req, person, rights.reason);
    deps.log.warn({ err: rights.fault, httpRequestId: req.id }, 'rights could not be read again');
  }
  if (isOlder(readAt, rightsStaleSeconds)) throw unavailable();
  return person;
}

function keep({ session }: Request, rights: Rights): void {
  if (rights.kind === 'unanswered') session.rightsAskedAt = Date.now();
  if (rights.kind !== 'read') return;
  session.person = rights.person;
  session.refreshToken = rights.refreshToken;
  session.rightsReadAt = rights.readAt;
}

async function signOff(deps: Deps, req: Request, person: Person, reason: string): Promise<null> {
  await endSession(deps, req);
  deps.log.info({ httpRequestId: req.id, person: personKey(person), reason }, 'session ended');
  await insertAuditEvent(deps.store.db, { actor: personKey(person), action: 'signOut', detail: { reason } });
  return null;
}

function readOnce({ sessionID, session }: Request, read: () => Promise<Rights>): Promise<Rights> {
  const key = [sessionID, session.rightsReadAt, session.rightsAskedAt].join(' ');
  const underWay = shared.get(key);
  if (underWay) return underWay;
  const reading = read().finally(() => setTimeout(() => shared.delete(key), SHARED_MS).unref());
  shared.set(key, reading);
  return reading;
}

/** @param since in ms since 1970, by the clock of some instance: a moment in the future counts as old, too */
function isOlder(since: number, seconds: number): boolean {
  return Math.abs(Date.now() - since) > seconds * 1000;
}

/** What Entra says of a signed-in person at a later look. */
type Rights =
  | { kind: 'read'; person: Person; refreshToken: string; readAt: number }
  /** The person has to sign in again, or cannot any more. */
  | { kind: 'over'; reason: string }
  | { kind: 'unanswered'; fault: EntraFault };

/** Clocks differ; passport-azure-ad allows as much. */
const CLOCK_SKEW_SECONDS = 300;

/**
 * Reads from Entra, without the browser, who a person is by now: redeems the refresh token for a new id_token. That comes
 * straight from the token endpoint, so TLS stands in for its signature (OpenID Connect Core 1.0, 3.1.3.7); the claims are
 * checked as at the sign-in.
 *
 * @param refreshToken sealed, from the session
 */
async function readRights(deps: Deps, person: Person, refreshToken = ''): Promise<Rights> {
  const { entra, config } = deps;
  const token = unseal(refreshToken, 'refresh tokens', config.secrets);
  if (token === null) return { kind: 'over', reason: 'noRefreshToken' };
  try {
    const tokens = await entra.redeem({ grant_type: 'refresh_token', refresh_token: token });
    const claims = claimsOf(tokens.id_token);
    check(claims, { issuer: (await entra.metadata()).issuer, audience: config.signIn.clientId });
    const described = await describePerson(deps, claims, person);
    if (described.oid !== person.oid) throw new EntraFault('token', 'another person');
    return {
      kind: 'read',
      person: described,
      readAt: Date.now(),
      refreshToken: seal(tokens.refresh_token ?? token, 'refresh tokens', config.secrets),
    };
  } catch (error) {
    if (!(error instanceof EntraFault)) throw error;
    const mayPass = ['unreachable', 'unreadable', 'clientRefused'].includes(error.reason);
    return mayPass ? { kind: 'unanswered', fault: error } : { kind: 'over', reason: error.reason };
  }
}

const claimsShape = z.looseObject({
  iss: z.string(),
  aud: z.string(),
  exp: z.number(),
  nbf: z.number().optional(),
});
type Claims = z.infer<typeof claimsShape>;

function claimsOf(token: string): Claims {
  try {
    return claimsShape.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
  } catch {
    throw new EntraFault('token', 'an id_token that cannot be read');
  }
}

function check({ iss, aud, exp, nbf }: Claims, expected: { issuer: string; audience: string }): void {
  const now = Date.now() / 1000;
  if (iss !== expected.issuer) throw new EntraFault('issuer', 'an id_token of another issuer');
  if (aud !== expected.audience) throw new EntraFault('audience', 'an id_token for another app');
  if (exp + CLOCK_SKEW_SECONDS < now) throw new EntraFault('expired', 'an id_token that has ended');
  if (nbf !== undefined && nbf - CLOCK_SKEW_SECONDS > now) throw new EntraFault('expired', 'not valid yet');
}
