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
export const staleForm = () => new PublicError('staleForm', 403);
export const malformed = (status = 400) => new PublicError('malformed', status);
export const conflict = () => new PublicError('conflict', 409);
export const tooManyRequests = (retryAfterSeconds: number) =>
  new PublicError('tooManyRequests', 429, retryAfterSeconds);
export const unavailable = () => new PublicError('unavailable', 503, 30);
