import connectPgSimple from 'connect-pg-simple';
import session, { type SessionData } from 'express-session';
import { CompiledQuery } from 'kysely';
import type { Pool } from 'pg';
import type { Deps } from '../deps.js';

const PgStore = connectPgSimple(session);

type Done = (error?: unknown) => void;
/** A session that came out of the store. */
type Stored = Partial<SessionData> & { stored?: true };

/** Sessions before anybody signed in hold state and nonce: there has to be time to type a password. */
export const SIGN_IN_SECONDS = 15 * 60;

/**
 * Sessions in the portal's own store, so that all instances share them. A session that was ended stays ended: a page
 * that was under way meanwhile must not write it back, as connect-pg-simple would have it.
 */
export class SessionStore extends PgStore {
  constructor(private readonly deps: Pick<Deps, 'store' | 'log' | 'patience'>) {
    const query = (text: string, values: unknown[]) =>
      deps.store.db.executeQuery(CompiledQuery.raw(text, values));
    super({
      pool: { query } as unknown as Pool,
      createTableIfMissing: false,
      errorLog: (message: unknown, error: unknown) => {
        deps.log.warn({ err: error }, String(message));
      },
    });
  }

  override get(sid: string, done: (error: unknown, session?: SessionData | null) => void): void {
    super.get(sid, (error, found) => {
      done(error, found && ({ ...found, stored: true } satisfies Stored as SessionData));
    });
  }

  override set(sid: string, data: SessionData, done: Done = () => undefined): void {
    const { stored, ...sess }: Stored = data;
    const seconds = isSignedIn(sess) ? this.deps.patience.idleSeconds : SIGN_IN_SECONDS;
    const text = stored
      ? 'update session set sess = $2::json, expire = to_timestamp($3::float8) where sid = $1'
      : `insert into session (sid, sess, expire) values ($1, $2::json, to_timestamp($3::float8))
         on conflict (sid) do update set sess = excluded.sess, expire = excluded.expire`;
    this.run(text, [sid, JSON.stringify(sess), Date.now() / 1000 + seconds], done);
  }

  /** Writes at most once in a minute: reading pages costs next to none. */
  override touch(sid: string, data: SessionData, done: Done = () => undefined): void {
    if (!isSignedIn(data)) {
      done();
      return;
    }
    const { idleSeconds } = this.deps.patience;
    const expiry = Date.now() / 1000 + idleSeconds;
    const text = `update session set expire = to_timestamp($2::float8)
      where sid = $1 and expire < to_timestamp($3::float8)`;
    this.run(text, [sid, expiry, expiry - Math.min(60, idleSeconds / 4)], done);
  }

  private run(text: string, values: unknown[], done: Done): void {
    this.deps.store.db.executeQuery(CompiledQuery.raw(text, values)).then(() => {
      done();
    }, done);
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
