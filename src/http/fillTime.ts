import { seal, unseal } from '../sealed.js';

export type FillTime = {
  /** This moment, sealed, for a hidden field of a form. */
  stamp: () => string;
  /** How long ago a stamp was made, in seconds; null for what is no stamp of ours. Negative where another clock runs ahead. */
  secondsSince: (posted: unknown) => number | null;
};

/** Moments that tell how long somebody has had a form, without keeping anything. Anybody may send an old one again. */
export function fillTime(secrets: readonly [string, ...string[]]): FillTime {
  return {
    stamp: () => seal(String(Date.now()), 'fill time', secrets),
    secondsSince(posted) {
      const moment = typeof posted === 'string' ? unseal(posted, 'fill time', secrets) : null;
      return moment === null ? null : (Date.now() - Number(moment)) / 1000;
    },
  };
}
