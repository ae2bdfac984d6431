import type { Request } from 'express';
import { personKey, type Person } from '../../access/person.js';
import type { Deps } from '../../deps.js';
import { unavailable } from '../../errors.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { endSession, saveSession } from '../session.js';
import { readRights, type Rights } from './rights.js';

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
  const known = shared.get(key);
  if (known) return known;
  const reading = read().finally(() => setTimeout(() => shared.delete(key), SHARED_MS).unref());
  shared.set(key, reading);
  return reading;
}

/** @param since in ms since 1970, by the clock of some instance: a moment in the future counts as old, too */
function isOlder(since: number, seconds: number): boolean {
  return Math.abs(Date.now() - since) > seconds * 1000;
}
