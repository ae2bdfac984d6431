import type { Deps } from '../../deps.js';
import { PublicError } from '../../errors.js';
import { findLink, useUpChallenge } from '../../store/challenges.js';
import { findRequest } from '../../store/requests.js';
import { prove } from './prove.js';
import { findMailedPage, openMailedPage } from '../pageToken.js';
import { detailsOf, type TypedDetails, awaitedKind, isShownIn, shownProof } from './awaitedProof.js';
import { hashOfLink } from './secrets.js';

/**
 * The state of a mailed link. `expired`: it is not valid, but its request still waits; `confirmed`: this browser has given the
 * proof already; `dead`: anything else, and unknown links too. With the first two, `token` is that of the status page; null when
 * the secret that made it is gone.
 */
export type Link =
  | { state: 'open'; requestId: string; details: TypedDetails }
  | { state: 'expired' | 'confirmed'; token: string | null }
  | { state: 'dead' };

/**
 * Finds the state of a link. Changes nothing, because mail scanners follow links.
 *
 * @param browser the viewer's; null for one without a key
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
  // A used link may come from a log; the browser that gave the proof is the person's own.
  if (browser && isShownIn(request.proof, browser)) {
    return { state: 'confirmed', token: await findMailedPage(deps, request.id) };
  }
  return { state: 'dead' };
}

/**
 * Proves a mailbox by its mailed link, in any browser.
 *
 * @returns the token of the status page, or the state of a link that is not valid
 * @throws {PublicError} `conflict` when the policy requires another proof now
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
    // The button was pressed twice, and the first press has given the proof.
    const now = await lookAtLink(deps, secret, browser);
    if (now.state === 'open') throw error;
    return now;
  }
}
