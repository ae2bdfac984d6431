import type { Deps } from '../../deps.js';
import type { Suspicion } from '../../requests/submit/decideSubmission.js';
import { seal, unseal } from '../../sealed.js';

type Posted = Record<string, unknown> | undefined;

export type BotSigns = {
  /** For the hidden field `begun`: when the person got the form. One that comes back with faults keeps its first moment. */
  begun: (posted?: Posted) => string;
  suspicions: (posted: Posted) => Suspicion[];
};

/**
 * Cheap signs of a program behind a form; the fields are in `views/partials/botFields.ejs`. They only send a request to a
 * person, so a wrong sign loses nobody.
 *
 * A form without a moment, or with one that is not ours, is no sign: other programs may post on somebody's behalf, and the
 * secret may have changed since the form was opened. Nor is an old one: people go to lunch. A moment that lies ahead
 * comes from an instance whose clock does.
 */
export function botSigns({ config, limits }: Pick<Deps, 'config' | 'limits'>): BotSigns {
  const times = fillTime(config.secrets);
  return {
    begun(posted) {
      const given = posted?.begun;
      return typeof given === 'string' && times.secondsSince(given) !== null ? given : times.stamp();
    },
    suspicions(posted) {
      const seconds = times.secondsSince(posted?.begun);
      const tooFast = seconds !== null && seconds >= 0 && seconds < limits.fillSeconds;
      const { website = '' } = posted ?? {};
      return [...(website === '' ? [] : (['honeypot'] as const)), ...(tooFast ? (['tooFast'] as const) : [])];
    },
  };
}

type FillTime = {
  /** This moment, sealed, for a hidden field of a form. */
  stamp: () => string;
  /** How long ago a stamp was made, in seconds; null for what is no stamp of ours. Negative where another clock runs ahead. */
  secondsSince: (posted: unknown) => number | null;
};

/** Moments that tell how long somebody has had a form, without keeping anything. Anybody may send an old one again. */
function fillTime(secrets: readonly [string, ...string[]]): FillTime {
  return {
    stamp: () => seal(String(Date.now()), 'fill time', secrets),
    secondsSince(posted) {
      const moment = typeof posted === 'string' ? unseal(posted, 'fill time', secrets) : null;
      return moment === null ? null : (Date.now() - Number(moment)) / 1000;
    },
  };
}
