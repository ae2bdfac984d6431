import type { RequestRow, StepRow } from '../../store/schema.js';

/**
 * Problems that say nothing about whoever holds the address: anybody may see them. What is not listed here, the answer of
 * Microsoft's directory to this very address first of all, is for the owner of the mailbox.
 */
const FOR_EVERYBODY: readonly string[] = [
  'policyChanged',
  'heldByReviewer',
  'permissionMissing',
  'groupUnusable',
  'groupMissing',
  'appUnusable',
  'appMissing',
  'throttled',
  'graphUnavailable',
  'tokenRefused',
  'mailUnavailable',
  'internal',
  'gaveUp',
];

/** Of these the owner is told by mail: nothing else will come that they could act on. */
const TOLD_BY_MAIL: readonly string[] = [
  'existingMember',
  'ownDomain',
  'groupAddress',
  'addressRefused',
  'guestBlocked',
  'ambiguousGuest',
  'crossTenantBlocked',
  'invitationsOff',
];

export function isForEverybody(code: string): boolean {
  return FOR_EVERYBODY.includes(code);
}

/** Whether a request has ended, or is stuck, for a reason that only the owner of its mailbox may know. */
export function endedForOwnerOnly({ state, problem }: Pick<RequestRow, 'state' | 'problem'>): boolean {
  if (state !== 'denied' && state !== 'held' && state !== 'failed') return false;
  return problem !== null && !isForEverybody(problem.code);
}

/** Whether the owner of the mailbox is to be told by mail why a request has ended as it has. */
export function isToldByMail(request: Pick<RequestRow, 'state' | 'problem'>): boolean {
  return endedForOwnerOnly(request) && TOLD_BY_MAIL.includes(request.problem?.code ?? '');
}

/**
 * Whether anybody but the owner is shown that a request has been dealt with, and no more. It stays so when an approver
 * denies what had ended like that: a page that changed then would tell of it after all.
 */
export function isVeiled(request: RequestRow, steps: StepRow[]): boolean {
  const { state, review } = request;
  if (state === 'provisioned') return true;
  if (state === 'denied' && review?.outcome === 'denied' && steps.length > 0) return true;
  return endedForOwnerOnly(request);
}
