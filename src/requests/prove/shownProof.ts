import type { Proof } from '../../store/schema.js';

/**
 * A proof that is given now.
 *
 * @param browser in which it is given; see `http/browserKey.ts`. Proofs are kept as JSON, which has no bytes: in hex.
 */
export function shownProof(
  browser: Buffer,
  { at = new Date(), ...shown }: Pick<Proof, 'kind' | 'by'> & { at?: Date },
): Proof {
  return { ...shown, at: at.toISOString(), browser: browser.toString('hex') };
}

export function isShownIn(proof: Pick<Proof, 'browser'> | null, browser: Buffer): boolean {
  return proof?.browser === browser.toString('hex');
}
