import { z } from 'zod';
import { malformed } from '../../../errors.js';
import { TRANSITIONS } from '../../../requests/transitions.js';
import type { ReviewAction } from '../../../requests/review/reviewActions.js';
import type { GrantChoice } from '../../../policy/narrowGrants.js';
import type { RequestState } from '../../../store/schema.js';

export type Body = Record<string, unknown> | undefined;

/** What was typed and chosen, as it is shown again. `grants` is null in a form that offers no choice. */
export type ReviewValues = {
  reason: string;
  note: string;
  partner: string | undefined;
  grants: GrantChoice | null;
};

/** The words of a form as they were typed, whether or not the action at hand has a use for them. */
export type TypedWords = Pick<ReviewValues, 'reason' | 'note'>;

/** `field` is `reason` or `note`; `code` names a message under `request.fault`; `max` is the length that was exceeded. */
export type ReviewFault = { field: 'reason' | 'note'; code: string; max?: number };

/** What the form was made from: nothing depends on it but what a person is shown when it was stale. */
export type Seen = { version: number; state: RequestState | null; at: Date | null };

export type ReviewForm = { seen: Seen; values: ReviewValues; faults: ReviewFault[] };

export const LENGTHS = { reason: 1000, note: 2000 };

const words = (max: number) =>
  z
    .string()
    .max(max, 'tooLong')
    .regex(/^([^\p{Cc}]|[\r\n\t])*$/u, 'character');

/**
 * Reads a form that decides on one request or on several.
 *
 * @throws {PublicError} `malformed` when the version is missing, which no form of ours does
 */
export function readReviewForm(action: ReviewAction | 'resend', body: Body): ReviewForm {
  const posted = body ?? {};
  return { seen: seenIn(posted), ...readWords(action, posted) };
}

/** The part of it that several requests share. */
export function readWords(
  action: ReviewAction | 'resend',
  posted: Record<string, unknown>,
): Omit<ReviewForm, 'seen'> {
  const { reason, note } = readTyped(posted);
  const values: ReviewValues = {
    reason: action === 'deny' ? reason : '',
    note: action === 'retry' ? '' : note,
    partner: typeof posted.partner === 'string' && posted.partner !== '' ? posted.partner : undefined,
    grants: posted.choose === undefined ? null : { apps: keys(posted.app), groups: keys(posted.group) },
  };
  const missing: ReviewFault[] =
    action === 'deny' && values.reason === '' ? [{ field: 'reason', code: 'missing' }] : [];
  return { values, faults: [...missing, ...faultsOf('reason', values), ...faultsOf('note', values)] };
}

function faultsOf(field: 'reason' | 'note', values: ReviewValues): ReviewFault[] {
  const max = LENGTHS[field];
  const issue = words(max).safeParse(values[field]).error?.issues[0];
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
