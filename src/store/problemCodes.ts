/** Why a request, a step or a notice does not go on. The table in `requests/problems.ts` says what each means. */
export const PROBLEM_CODES = [
  // The directory, about the address.
  'existingMember',
  'ownDomain',
  'groupAddress',
  'addressRefused',
  'guestBlocked',
  'ambiguousGuest',
  'hiddenAccount',
  'crossTenantBlocked',
  'invitationsOff',
  'invitationsBlocked',
  'guestGone',
  // Faults on our side.
  'permissionMissing',
  'sponsorMissing',
  'invitationFailed',
  'groupUnusable',
  'groupRefusesGuests',
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
  'paced',
  'mailUnavailable',
  'mailRefused',
  'mailUnconfirmed',
  // The policy and people.
  'policyChanged',
  'heldByReviewer',
  'deniedByReviewer',
  'selfApproval',
  'superseded',
  'dropped',
  'runStopped',
  'erased',
] as const;

export type ProblemCode = (typeof PROBLEM_CODES)[number];
