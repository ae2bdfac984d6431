/** Why a request, a step or a notice does not go on; what each means for whom stands in `requests/problems.ts`. */
export const PROBLEM_CODES = [
  // What the directory says of the address.
  'existingMember',
  'ownDomain',
  'groupAddress',
  'addressRefused',
  'guestBlocked',
  'ambiguousGuest',
  'crossTenantBlocked',
  'invitationsOff',
  'guestGone',
  // What does not work on our side.
  'permissionMissing',
  'groupUnusable',
  'groupMissing',
  'appUnusable',
  'appMissing',
  'throttled',
  'graphUnavailable',
  'tokenRefused',
  'replicating',
  'notReplicated',
  'refusedByMicrosoft',
  'internal',
  'gaveUp',
  // The mail.
  'mailWindow',
  'mailUnavailable',
  'mailRefused',
  'mailUnconfirmed',
  // The policy and people.
  'policyChanged',
  'heldByReviewer',
  'deniedByReviewer',
  'selfApproval',
  'superseded',
  'erased',
] as const;

export type ProblemCode = (typeof PROBLEM_CODES)[number];
