import { sharedCall } from '../shared.js';
import type { IdentityToken } from './managedIdentity.js';

export type KeptToken = {
  /**
   * A token that is good for a while. One call brings it to all who wait, and a token past half of its life is renewed
   * while it is still given out: a source that is out of order is not noticed for as long as the rest of that life.
   *
   * @throws what the source throws, when there is no good token left
   */
  get(): Promise<string>;
  /** The good token that `get` would give without waiting, and when it ends (ms since 1970); else null. */
  held(): IdentityToken | null;
  /** Whether that one is in the first half of its life: past it, the source may be out of order. */
  isFresh(): boolean;
  /**
   * Drops a token that was refused.
   *
   * @returns false where a new one would be no better, because this one was issued just now
   */
  forget(token: string): boolean;
};

/** The least time between two calls of the source, however many tokens are refused. */
const PAUSE_MS = 1_000;
/** How soon after a failure a token that is still good is tried to be renewed once more. */
const RENEW_AGAIN_MS = 30_000;
/** A token may have to last until a server, whose clock is another, has looked at it. */
const SPARE_MS = 60_000;

type Held = IdentityToken & { receivedAt: number; freshUntil: number; goodUntil: number; renewAt: number };

/** Keeps the token that `request` gives. `onOutcome` hears of the first failure of a row, and of the success that ends it. */
export function keepToken(
  request: () => Promise<IdentityToken>,
  onOutcome: (failure: Error | null) => void = () => undefined,
): KeptToken {
  let kept: Held | null = null;
  let failed: { at: number; error: Error } | null = null;

  const renew = sharedCall(async () => {
    try {
      const token = await request();
      if (failed) onOutcome(null);
      failed = null;
      kept = holding(token);
      return kept;
    } catch (error) {
      if (!failed) onOutcome(error as Error);
      failed = { at: Date.now(), error: error as Error };
      throw error;
    }
  });

  function renewBeside(current: Held): void {
    current.renewAt = Date.now() + Math.min(RENEW_AGAIN_MS, (current.goodUntil - Date.now()) / 2);
    // `onOutcome` reports a failure, and so does `get` once there is no good token.
    renew().catch(() => undefined);
  }

  const good = () => (kept && Date.now() < kept.goodUntil ? kept : null);

  return {
    async get() {
      const current = good();
      if (current) {
        if (Date.now() >= current.renewAt) renewBeside(current);
        return current.token;
      }
      if (failed && Date.now() < failed.at + PAUSE_MS) throw failed.error;
      return (await renew()).token;
    },
    held: good,
    isFresh: () => kept !== null && Date.now() < kept.freshUntil,
    forget(token) {
      if (kept?.token !== token) return true;
      if (Date.now() < kept.receivedAt + PAUSE_MS) return false;
      kept = null;
      return true;
    },
  };
}

function holding(given: IdentityToken): Held {
  const now = Date.now();
  const life = given.expiresAt - now;
  return {
    ...given,
    receivedAt: now,
    freshUntil: now + life / 2,
    goodUntil: given.expiresAt - Math.min(SPARE_MS, life / 10),
    renewAt: now + life / 2,
  };
}
