import session, { type SessionData } from 'express-session';
import type { Deps } from '../deps.js';
import { deleteSession, findSession, prolongSession, putSession, updateSession } from '../store/sessions.js';

type Done<Result = void> = (error?: unknown, result?: Result) => void;
/** A session that came out of the store. */
type Stored = Partial<SessionData> & { stored?: true };

/** Sessions before anybody signed in hold state and nonce: there has to be time to type a password. */
export const SIGN_IN_SECONDS = 15 * 60;

/**
 * Sessions in the portal's own store, so that all instances share them. A session that was ended stays ended: a page
 * that was under way meanwhile must not write it back.
 */
export class SessionStore extends session.Store {
  constructor(private readonly deps: Pick<Deps, 'store' | 'limits'>) {
    super();
  }

  override get(sid: string, done: Done<SessionData | null>): void {
    report(
      findSession(this.deps.store.db, sid).then(
        (found) => found && ({ ...(found as SessionData), stored: true } satisfies Stored as SessionData),
      ),
      done,
    );
  }

  override set(sid: string, data: SessionData, done: Done = () => undefined): void {
    const { stored, ...sess }: Stored = data;
    const seconds = isSignedIn(sess) ? this.deps.limits.idleSeconds : SIGN_IN_SECONDS;
    const write = stored ? updateSession : putSession;
    report(write(this.deps.store.db, sid, sess, seconds), done);
  }

  /** Writes at most once in a minute: reading pages costs next to none. */
  override touch(sid: string, data: SessionData, done: Done = () => undefined): void {
    if (!isSignedIn(data)) {
      done();
      return;
    }
    const { idleSeconds } = this.deps.limits;
    report(prolongSession(this.deps.store.db, sid, idleSeconds, Math.min(60, idleSeconds / 4)), done);
  }

  override destroy(sid: string, done: Done = () => undefined): void {
    report(deleteSession(this.deps.store.db, sid), done);
  }
}

/** What a session holds, as it can be put into another one. */
export function contentOf(session: Partial<SessionData>): Partial<SessionData> {
  return Object.fromEntries(
    Object.entries(session).filter(([name]) => name !== 'cookie' && name !== 'stored'),
  );
}

function isSignedIn({ person }: Stored): boolean {
  return person !== undefined;
}

/** Reports to express-session, which takes callbacks, how a piece of work ended. */
function report<Result>(work: Promise<Result>, done: Done<Result>): void {
  work.then((result) => {
    done(null, result);
  }, done);
}
