import type { Deps } from '../../deps.js';
import { PublicError } from '../../errors.js';
import { findLink, useUpChallenge } from '../../store/challenges.js';
import { findRequest } from '../../store/requests.js';
import { prove } from './prove.js';
import { findMailedPage, openMailedPage } from '../pageToken.js';
import { detailsOf, type TypedDetails, awaitedKind, isShownIn, shownProof } from './awaitedProof.js';
import { hashOfLink } from './secrets.js';

/**
 * What a mailed link leads to. `expired`: it no longer counts, but its request still waits; `confirmed`: this browser has made
 * the proof already; `dead`: anything else, which an unknown link cannot be told from. Of the first two, `token` is that of the
 * status page, null when the secret that it came from is gone.
 */
export type Link =
  | { state: 'open'; requestId: string; details: TypedDetails }
  | { state: 'expired' | 'confirmed'; token: string | null }
  | { state: 'dead' };

/**
 * Looks where a link leads. Changes nothing: mail scanners follow links.
 *
 * @param browser of whoever looks; null when it is not known
 */
export async function lookAtLink(deps: Deps, secret: string, browser: Buffer | null): Promise<Link> {
  const hash = hashOfLink(secret);
  const found = hash && (await findLink(deps.store.db, hash));
  const request = found && (await findRequest(deps.store.db, found.requestId));
  if (!request) return { state: 'dead' };
  if (request.state === 'unproven') {
    if (found.live && awaitedKind(deps, request) === 'mailbox') {
      return { state: 'open', requestId: request.id, details: detailsOf(request) };
    }
    return { state: 'expired', token: await findMailedPage(deps, request.id) };
  }
  // Who holds a used link may have found it in a log; the browser that made the proof is the person's own.
  if (browser && isShownIn(request.proof, browser)) {
    return { state: 'confirmed', token: await findMailedPage(deps, request.id) };
  }
  return { state: 'dead' };
}

/**
 * Takes a link as the proof that somebody reads the mailbox, in whatever browser.
 *
 * @returns the token of the status page that goes on, or where the link leads that does not count
 * @throws {PublicError} `conflict` when the policy asks for something else by now
 */
export async function followLink(
  deps: Deps,
  secret: string,
  browser: Buffer,
): Promise<{ token: string | null; state?: never } | Exclude<Link, { state: 'open' }>> {
  const linkHash = hashOfLink(secret);
  const link = await lookAtLink(deps, secret, browser);
  if (!linkHash) return { state: 'dead' };
  if (link.state !== 'open') return link;
  const proof = shownProof(browser, { kind: 'mailbox' });
  try {
    const requestId = await prove(deps, link.requestId, proof, (trx) => useUpChallenge(trx, { linkHash }));
    return { token: await openMailedPage(deps, deps.store.db, requestId) };
  } catch (error) {
    if (!(error instanceof PublicError)) throw error;
    // Pressed twice: what the first has done is what there is to see.
    const now = await lookAtLink(deps, secret, browser);
    if (now.state === 'open') throw error;
    return now;
  }
}
