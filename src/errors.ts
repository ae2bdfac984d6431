/**
 * An error that has an answer for the person who caused it.
 *
 * `id` is stable and names the page's texts in `locales/` (`error.<id>.title`, `error.<id>.text`).
 * Every other error is a fault of ours and is shown as `error.internal`.
 */
export class PublicError extends Error {
  override name = 'PublicError';
  constructor(
    readonly id: string,
    readonly status: number,
    readonly retryAfterSeconds?: number,
  ) {
    super(id);
  }
}

export const notFound = () => new PublicError('notFound', 404);
export const signInRequired = () => new PublicError('signInRequired', 401);
/** A sign-in of staff. */
export const signInFailed = () => new PublicError('signInFailed', 401);
/** A sign-in that this browser did not begin, or whose session has ended. */
export const signInUnknown = () => new PublicError('signInUnknown', 401);
export const forbidden = () => new PublicError('forbidden', 403);
/** A form whose session has ended since it was opened. */
export const signedOutMeanwhile = () => new PublicError('signedOutMeanwhile', 403);
/** A form that a sign-in at the home organisation filled in; that sign-in is no longer valid. */
export const tenantSignInOver = () => new PublicError('tenantSignInOver', 403);
export const staleForm = () => new PublicError('staleForm', 403);
export const malformed = (status = 400) => new PublicError('malformed', status);
export const conflict = () => new PublicError('conflict', 409);
/** The policy in force has changed since the person began. */
export const policyConflict = () => new PublicError('policyConflict', 409);
export const policyReadOnly = () => new PublicError('policyReadOnly', 409);
/** The disk is full, or the share does not answer. */
export const policyNotWritten = () => new PublicError('policyNotWritten', 507);
export const tooManyRequests = (retryAfterSeconds: number) =>
  new PublicError('tooManyRequests', 429, retryAfterSeconds);
export const tooManySignUps = (retryAfterSeconds: number) =>
  new PublicError('tooManySignUps', 429, retryAfterSeconds);
export const unavailable = () => new PublicError('unavailable', 503, 30);

export const ownRequest = () => new PublicError('ownRequest', 403);
export const policyRefuses = () => new PublicError('policyRefuses', 409);
/** The policy in force requires a proof that the applicant has not given. */
export const proofMissing = () => new PublicError('proofMissing', 409);
/** No deleted account of the address, or one that Entra does not bring back. */
export const notRestorable = () => new PublicError('notRestorable', 409);
/** The portal has no permission to restore accounts. */
export const restoreForbidden = () => new PublicError('restoreForbidden', 409);
export const partnerNeeded = () => new PublicError('partnerNeeded', 422);
export const grantsOutside = () => new PublicError('grantsOutside', 422);
export const nothingChosen = () => new PublicError('nothingChosen', 422);
