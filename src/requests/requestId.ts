import { isGuid } from '../policy/guid.js';

/** Whether a text can be a request's id, as the store writes it; PostgreSQL refuses to compare anything else. */
export function isRequestId(text: string): boolean {
  return isGuid(text) && text === text.toLowerCase();
}
