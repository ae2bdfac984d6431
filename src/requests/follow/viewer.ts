import type { RequestRow } from '../../store/schema.js';
import { isShownIn } from '../prove/shownProof.js';

/**
 * Who looks at a status page. `owner`: has shown in this browser that the mailbox is theirs. `sender`: sent the form that
 * the request came from. `stranger`: holds the page's address, perhaps only for having posted the same mail address.
 */
export type Viewer = 'owner' | 'sender' | 'stranger';

/** @param browser as `http/browserKey.ts` knows it */
export function viewerOf(
  { proof, browser_hash }: Pick<RequestRow, 'proof' | 'browser_hash'>,
  browser: Buffer | null,
): Viewer {
  if (!browser) return 'stranger';
  if (isShownIn(proof, browser)) return 'owner';
  return browser_hash && browser.equals(browser_hash) ? 'sender' : 'stranger';
}
