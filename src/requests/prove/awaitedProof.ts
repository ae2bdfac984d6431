import type { Deps } from '../../deps.js';
import { proofAskedBy } from '../../policy/afterProof.js';
import { findBrowser } from '../../store/challengeBrowsers.js';
import { findChallenge } from '../../store/challenges.js';
import type { Proof, RequestRow } from '../../store/schema.js';
import { decisionNow } from '../../policy/decisionNow.js';
import { TRIES, validMinutes } from './secrets.js';

/** What a request still waits for, and what this viewer can do about it. */
export type AwaitedProof = { kind: 'tenant' } | AwaitedMailbox;

/**
 * Nothing of it tells whether somebody else has had mail sent to the address: a mail that has to wait for another one
 * looks like one that has gone, and what a browser is shown depends on what was done in it alone.
 */
export type AwaitedMailbox = {
  kind: 'mailbox';
  /**
   * Whether a code can be typed, or has been guessed at too often in this browser; `unsent` where no mail has been asked for
   * yet, because the policy did not want one when the form was sent. That the code of another browser does not count is not
   * told: whoever posts an address second would learn that there was a first.
   */
  codeState: 'enter' | 'usedUp' | 'unsent';
  /** How long what is mailed counts. */
  minutes: number;
  /** The mail server does not take mail for the address. */
  refused: boolean;
  /** Until this browser may ask for a new mail; 0 when it may. */
  waitSeconds: number;
};

/** What a request waits for by the policy in force; what it was told of when that asks for nothing any more. */
export function awaitedKind({ policy }: Pick<Deps, 'policy'>, request: RequestRow): Proof['kind'] | null {
  if (request.state !== 'unproven') return null;
  const today = decisionNow(policy.current().policy, request);
  return proofAskedBy(today) ?? proofAskedBy(request.decision) ?? 'mailbox';
}

/**
 * @param browser of the viewer; see `http/browserKey.ts`. One that has neither asked nor typed anything may do both.
 * @returns null for a request that waits for no proof
 */
export async function awaitedProof(
  deps: Deps,
  request: RequestRow,
  browser: Buffer | null,
): Promise<AwaitedProof | null> {
  const kind = awaitedKind(deps, request);
  if (kind !== 'mailbox') return kind && { kind };
  const { db } = deps.store;
  const { mailWindowSeconds } = deps.limits;
  const challenge = await findChallenge(db, request.id);
  const minutes = validMinutes(deps.limits);
  if (!challenge) return { kind, codeState: 'unsent', minutes, refused: false, waitSeconds: 0 };
  const own = browser && (await findBrowser(db, request.id, browser));
  const { triesLeft, askedSecondsAgo } = own ?? { triesLeft: TRIES, askedSecondsAgo: null };
  return {
    kind,
    codeState: triesLeft > 0 ? 'enter' : 'usedUp',
    minutes,
    refused: challenge.mail === 'failed',
    waitSeconds: Math.ceil(Math.max(0, mailWindowSeconds - (askedSecondsAgo ?? mailWindowSeconds))),
  };
}
