import type { Deps } from '../../deps.js';
import { findChallenge } from '../../store/challenges.js';
import type { Proof, RequestRow } from '../../store/schema.js';
import { decisionNow } from '../decisionNow.js';
import { validMinutes } from './secrets.js';

/** What a request still waits for, and what this viewer can do about it. */
export type AwaitedProof = { kind: 'tenant' } | AwaitedMailbox;

/**
 * Nothing of it tells whether somebody else has had mail sent to the address: a mail that has to wait for another one
 * looks like one that has gone.
 */
export type AwaitedMailbox = {
  kind: 'mailbox';
  /**
   * Whether the code can be typed here, has been guessed at too often, or belongs to the browser that sent the form; `unsent`
   * where no mail has been asked for yet, because the policy did not want one when the form was sent.
   */
  codeState: 'enter' | 'usedUp' | 'elsewhere' | 'unsent';
  /** How long what is mailed counts. */
  minutes: number;
  /** The mail server does not take mail for the address. */
  refused: boolean;
  /** Until a new mail may be asked for; 0 when it may. */
  waitSeconds: number;
};

/** What a request waits for by the policy in force; what it was told of when that asks for nothing any more. */
export function awaitedKind({ policy }: Pick<Deps, 'policy'>, request: RequestRow): Proof['kind'] | null {
  if (request.state !== 'unproven') return null;
  const today = decisionNow(policy.current().policy, request);
  const { reasons } = today.outcome === 'prove' ? today : request.decision;
  return reasons.some(({ code }) => code === 'proof.tenant') ? 'tenant' : 'mailbox';
}

/**
 * @param browser of the viewer; see `http/browserKey.ts`
 * @returns null for a request that waits for no proof
 */
export async function awaitedProof(
  deps: Deps,
  request: RequestRow,
  browser: Buffer | null,
): Promise<AwaitedProof | null> {
  const kind = awaitedKind(deps, request);
  if (kind !== 'mailbox') return kind && { kind };
  const { mailWindowSeconds } = deps.patience;
  const challenge = await findChallenge(deps.store.db, request.id, browser);
  const minutes = validMinutes(deps.patience);
  if (!challenge) return { kind, codeState: 'unsent', minutes, refused: false, waitSeconds: 0 };
  const { bound, triesLeft, askedSecondsAgo, mail } = challenge;
  return {
    kind,
    codeState: !bound ? 'elsewhere' : triesLeft > 0 ? 'enter' : 'usedUp',
    minutes,
    refused: mail === 'failed',
    waitSeconds: Math.ceil(Math.max(0, mailWindowSeconds - askedSecondsAgo)),
  };
}
