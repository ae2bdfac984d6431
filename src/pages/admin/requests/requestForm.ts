import { z } from 'zod';
import { malformed } from '../../../errors.js';
import { TRANSITIONS } from '../../../requests/transitions.js';
import type { ApprovalChoice } from '../../../requests/review/approval.js';
import type { ReviewDecision } from '../../../requests/review/decide.js';
import type { ReviewAction } from '../../../requests/review/permissions.js';
import type { GrantChoice } from '../../../policy/narrowGrants.js';
import type { RequestState } from '../../../store/schema.js';

export type Body = Record<string, unknown> | undefined;

/** The words of a form as they were typed. */
export type TypedWords = { reason: string; note: string };

/** What was typed and chosen, as it is shown again. `grants` is null in a form that offers no choice. */
type ReviewValues = TypedWords & { partner: string | undefined; grants: GrantChoice | null };

/** `field` is `reason` or `note`; `code` names a message under `request.fault`; `max` is the length that was exceeded. */
export type ReviewFault = { field: 'reason' | 'note'; code: string; max?: number };

/** What the form was made from. `state` and `at` are only shown again, when the form is stale. */
type Seen = { version: number; state: RequestState | null; at: Date | null };

export type ReviewForm = { seen: Seen; values: ReviewValues; faults: ReviewFault[] };

export const LENGTHS = { reason: 1000, note: 2000 };

const wordsSchema = (max: number) =>
  z
    .string()
    .max(max, 'tooLong')
    .regex(/^([^\p{Cc}]|[\r\n\t])*$/u, 'character');

/**
 * Reads a form that decides on one request.
 *
 * @throws {PublicError} `malformed` when the version is missing, which no form of ours does
 */
export function readReviewForm(action: ReviewAction | 'resend' | 'restore', body: Body): ReviewForm {
  const posted = body ?? {};
  const { words, faults } = readWords(action, posted);
  const partner = typeof posted.partner === 'string' && posted.partner !== '' ? posted.partner : undefined;
  const grants = posted.choose === undefined ? null : { apps: keys(posted.app), groups: keys(posted.group) };
  return { seen: seenIn(posted), values: { ...words, partner, grants }, faults };
}

/** Reads the words that an action needs: others are left empty. */
export function readWords(
  action: ReviewAction | 'resend' | 'restore',
  posted: Record<string, unknown>,
): { words: TypedWords; faults: ReviewFault[] } {
  const { reason, note } = readTyped(posted);
  const words = { reason: action === 'deny' ? reason : '', note: action === 'retry' ? '' : note };
  const missing: ReviewFault[] =
    action === 'deny' && words.reason === '' ? [{ field: 'reason', code: 'missing' }] : [];
  return { words, faults: [...missing, ...faultsOf('reason', words), ...faultsOf('note', words)] };
}

/** @param choice what is approved; everything where it is left out */
export function decisionIn(
  action: ReviewAction,
  { reason, note }: TypedWords,
  choice: ApprovalChoice = {},
): ReviewDecision {
  const noted = note === '' ? {} : { note };
  if (action === 'retry') return { action };
  if (action === 'deny') return { action, reason, ...noted };
  return action === 'approve' ? { action, ...choice, ...noted } : { action, ...noted };
}

function faultsOf(field: 'reason' | 'note', words: TypedWords): ReviewFault[] {
  const max = LENGTHS[field];
  const issue = wordsSchema(max).safeParse(words[field]).error?.issues[0];
  return issue ? [{ field, code: issue.message, max }] : [];
}

function seenIn({ version, state, seenAt }: Record<string, unknown>): Seen {
  const at = new Date(typeof seenAt === 'string' ? seenAt : NaN);
  return {
    version: readVersion(version),
    state: typeof state === 'string' && Object.hasOwn(TRANSITIONS, state) ? (state as RequestState) : null,
    at: Number.isNaN(at.getTime()) ? null : at,
  };
}

/** @throws {PublicError} `malformed` */
export function readVersion(version: unknown): number {
  if (typeof version !== 'string' || !/^[1-9]\d{0,8}$/.test(version)) throw malformed();
  return Number(version);
}

export function readTyped({ reason, note }: Record<string, unknown>): TypedWords {
  return { reason: typed(reason), note: typed(note) };
}

/** Browsers send line breaks as two characters and count them as one. */
function typed(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll('\r\n', '\n').trim() : '';
}

function keys(value: unknown): string[] {
  return [value].flat().filter((key): key is string => typeof key === 'string');
}
