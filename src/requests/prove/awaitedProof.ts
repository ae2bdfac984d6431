import { fullName } from '../../fullName.js';
import type { Deps } from '../../deps.js';
import { requiredProof, decisionNow } from '../../policy/decide.js';
import { findBrowser } from '../../store/challengeBrowsers.js';
import { findChallenge } from '../../store/challenges.js';
import type { Proof, RecordedDecision, RequestRow } from '../../store/schema.js';
import { TRIES, validMinutes } from './secrets.js';

/** The proof that a request waits for, and what this viewer can do about it. */
export type AwaitedProof = { kind: 'tenant' } | AwaitedMailbox;

/**
 * It does not reveal whether another browser has requested mail to the address: a mail that has to wait looks like one that was
 * sent, and a browser's page depends only on what was done in it.
 */
type AwaitedMailbox = {
  kind: 'mailbox';
  /**
   * Whether a code can be typed, or this browser has used up its tries; `unsent` if no mail has been requested yet, because
   * the policy required none when the form was sent. It does not say that only the first browser's code is valid: a second
   * browser would learn that there was a first.
   */
  codeState: 'enter' | 'old' | 'usedUp' | 'unsent';
  /** How long the code and the link are valid. */
  minutes: number;
  /** The mail server refuses mail to the address. */
  refused: boolean;
  /** Seconds until this browser may request a new mail. */
  waitSeconds: number;
};

/** The proof that the policy in force requires; if it requires none any more, the proof of the first decision. */
export function awaitedKind({ policy }: Pick<Deps, 'policy'>, request: RequestRow): Proof['kind'] | null {
  if (request.state !== 'unproven') return null;
  const today = decisionNow(policy.current().policy, request);
  return requiredProof(today) ?? requiredProof(request.decision) ?? 'mailbox';
}

/**
 * @param browser the viewer's; see `http/browserKey.ts`. A new one may type a code and request a mail.
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
  const isOld = (askedSecondsAgo ?? 0) > deps.limits.codeSeconds;
  return {
    kind,
    codeState: triesLeft === 0 ? 'usedUp' : isOld ? 'old' : 'enter',
    minutes,
    refused: challenge.mail === 'failed',
    waitSeconds: Math.ceil(Math.max(0, mailWindowSeconds - (askedSecondsAgo ?? mailWindowSeconds))),
  };
}

/** The proof of a request, as the admin area shows it. */
export type ProofStanding = {
  /** The proof that was given; `by` is the `tid/oid` of a sign-in. */
  shown: { kind: Proof['kind']; at: Date; by: string | null } | null;
  /** The proof that the request waits for, and when it lapses. */
  awaited: { kind: Proof['kind']; lapsesAt: Date } | null;
  /** The proof that the policy in force requires and the request lacks, so that it cannot be approved. */
  missing: Proof['kind'] | null;
};

/** @param today what the policy in force says about the request */
export function proofStanding(
  deps: Pick<Deps, 'policy' | 'limits'>,
  request: RequestRow,
  today: RecordedDecision,
): ProofStanding {
  const { state, proof, created_at } = request;
  const awaited = awaitedKind(deps, request);
  const needsNone = ['unproven', 'provisioned', 'denied', 'lapsed', 'revoked'].includes(state);
  return {
    shown: proof && { kind: proof.kind, at: new Date(proof.at), by: proof.by ?? null },
    awaited: awaited && {
      kind: awaited,
      lapsesAt: new Date(created_at.getTime() + deps.limits.lapseSeconds * 1000),
    },
    missing: needsNone ? null : requiredProof(today),
  };
}

/**
 * A proof that is given in a browser, now unless `at` says otherwise. The store keeps it as JSON, with the browser's hash in hex.
 */
export function shownProof(
  browser: Buffer,
  { at = new Date(), ...shown }: Pick<Proof, 'kind' | 'by'> & { at?: Date },
): Proof {
  return { ...shown, at: at.toISOString(), browser: browser.toString('hex') };
}

/** Whether a proof was given in this browser. */
export function isShownIn(proof: Pick<Proof, 'browser'> | null, browser: Buffer): boolean {
  return proof?.browser === browser.toString('hex');
}

/** The typed details of a request that its owner sees before they confirm it. */
export type TypedDetails = { address: string; name: string; company: string };

export function detailsOf(
  request: Pick<RequestRow, 'address' | 'first_name' | 'last_name' | 'company'>,
): TypedDetails {
  const { address, first_name, last_name, company } = request;
  return { address, name: fullName({ first_name, last_name }), company };
}
