import type { Deps } from '../../deps.js';
import { fiveToOne, PAID_TIERS, RULE_IN_USE } from '../../licences/rule.js';
import { readStanding } from '../../licences/standing.js';
import { warningsOf } from '../../licences/warn.js';
import { armChallenge } from '../../store/challenges.js';
import { noteMailed } from '../../store/mailboxes.js';
import { countWaiting } from '../../store/noticeSummaries.js';
import { ANSWER, APPLICANT, runOf } from '../../store/notices.js';
import { findRequest } from '../../store/requests.js';
import { findRun } from '../../store/runs.js';
import type { Db, NoticeRow, RequestRow, SkipReason } from '../../store/schema.js';
import { openMailedPage } from '../pageToken.js';
import { isForOwner } from '../problems.js';
import { awaitedKind } from '../prove/awaitedProof.js';
import { drawSecrets, TRIES } from '../prove/secrets.js';
import type { Audience, Recipient } from './audience.js';
import {
  composeDenied,
  composeDigest,
  composeLicences,
  composeAnswer,
  composeProof,
  composeRunHalted,
  composeWaiting,
  type Message,
} from './compose.js';

/** A mail that is ready to go. */
export type Ready = {
  message: Message;
  /** How many requests it is about. */
  count: number;
  /** Set for a mail to an approver about a single request: they are limited to so many an hour. */
  partner?: string | null;
  /** Stores what must be in force when the mail arrives, in the transaction that begins the notice. */
  beforeSending?: (trx: Db) => Promise<void>;
};

/** Writes the mail of a notice. Returns the reason if none is needed any more. @throws {GraphFault} */
export async function prepare(
  deps: Deps,
  audience: Audience,
  notice: NoticeRow,
): Promise<Ready | SkipReason> {
  if (notice.recipient === APPLICANT) return prepareForApplicant(deps, notice);
  const recipient = await audience.find(notice.recipient);
  if (!recipient) return 'gone';
  const runId = runOf(notice);
  if (runId !== null) return prepareRunHalted(deps, recipient, runId);
  if (notice.kind === 'licences') return prepareLicences(deps, recipient);
  return notice.kind === 'digest'
    ? prepareDigest(deps, recipient, notice)
    : prepareWaiting(deps, recipient, notice);
}

async function prepareForApplicant(
  deps: Deps,
  { kind, request_id: id }: NoticeRow,
): Promise<Ready | SkipReason> {
  const request = id === null ? undefined : await findRequest(deps.store.db, id);
  if (request && kind === 'proof') return prepareProof(deps, request);
  if (request && kind === ANSWER) {
    if (!isForOwner(request) || !request.problem) return 'decided';
    return { message: await composeAnswer(deps, request, request.problem.code), count: 1 };
  }
  if (request?.state !== 'denied') return 'decided';
  return { message: await composeDenied(deps, request), count: 1 };
}

/**
 * The mail with a code and a link. They are drawn now and are valid from the moment the mail begins to flow, so that a mail
 * server that was down for an hour delivers no expired ones.
 */
async function prepareProof(deps: Deps, request: RequestRow): Promise<Ready | SkipReason> {
  if (awaitedKind(deps, request) !== 'mailbox') return 'notAwaited';
  const { code, link, sealedCode, linkHash } = drawSecrets(deps.config, request.id);
  const seconds = deps.limits.codeSeconds;
  return {
    message: await composeProof(deps, request, { code, link }),
    count: 1,
    async beforeSending(trx) {
      await openMailedPage(deps, trx, request.id);
      await armChallenge(trx, request.id, { sealedCode, linkHash, seconds, tries: TRIES });
      // The next mail keeps its distance from this one, which may go later than planned.
      await noteMailed(trx, request.address);
    },
  };
}

async function prepareWaiting(
  deps: Deps,
  recipient: Recipient,
  notice: NoticeRow,
): Promise<Ready | SkipReason> {
  const request = await findWaiting(deps, notice);
  if (!request) return 'decided';
  return {
    message: await composeWaiting(deps, recipient, request),
    count: 1,
    partner: request.partner,
  };
}

async function prepareRunHalted(
  deps: Deps,
  recipient: Recipient,
  runId: string,
): Promise<Ready | SkipReason> {
  const run = await findRun(deps.store.db, runId);
  if (run?.state !== 'halted') return 'decided';
  return { message: await composeRunHalted(deps, recipient, run), count: 1 };
}

async function prepareLicences(deps: Deps, recipient: Recipient): Promise<Ready | SkipReason> {
  const { people, owned } = await readStanding(deps.store.db, deps.policy.current().policy, new Date());
  if (owned === null) return 'decided';
  const warnings = warningsOf(people, owned);
  const tiers = PAID_TIERS.filter((tier) => warnings[tier]);
  if (tiers.length === 0) return 'decided';
  const needs = fiveToOne(RULE_IN_USE, people, owned);
  return { message: await composeLicences(deps, recipient, needs, tiers), count: 1 };
}

async function prepareDigest(
  deps: Deps,
  recipient: Recipient,
  { partners }: NoticeRow,
): Promise<Ready | SkipReason> {
  const waiting = await countWaiting(deps.store.db, partners ?? [], recipient.addresses);
  if (waiting.length === 0) return 'nothingWaiting';
  const count = waiting.reduce((sum, one) => sum + one.count, 0);
  return { message: await composeDigest(deps, recipient, waiting), count };
}

/** The request of a notice, while it waits for the same review. A request that waits again has another notice. */
export async function findWaiting(
  { store }: Deps,
  { request_id: id, round }: NoticeRow,
): Promise<RequestRow | undefined> {
  const request = id === null ? undefined : await findRequest(store.db, id);
  return request?.state === 'pending' && request.version === round ? request : undefined;
}
