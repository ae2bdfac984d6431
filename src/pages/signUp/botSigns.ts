import type { Deps } from '../../deps.js';
import type { Suspicion } from '../../requests/submit/decideSubmission.js';
import { seal, unseal } from '../../sealed.js';

type Posted = Record<string, unknown> | undefined;

export type BotSigns = {
  /** For the hidden field `begun`: when the person got the form. A form with faults keeps its first moment. */
  begun: (posted?: Posted) => string;
  suspicions: (posted: Posted) => Suspicion[];
};

/**
 * Cheap signs of a program behind a form; the fields are in `views/partials/botFields.ejs`. They only send a request to an
 * approver, so a wrong sign turns nobody away.
 *
 * A form without a moment, or with a foreign one, is no sign: another program may post for a person, and the secret may have
 * changed since the form was opened. An old form is no sign either: people go to lunch. A moment in the future comes from an
 * instance whose clock is ahead.
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
  /** The age of a stamp in seconds; null for anything else. Negative if another instance's clock is ahead. */
  secondsSince: (posted: unknown) => number | null;
};

/** Shows how long a person has had a form, without storing anything. A program may send an old stamp again. */
function fillTime(secrets: readonly [string, ...string[]]): FillTime {
  return {
    stamp: () => seal(String(Date.now()), 'fill time', secrets),
    secondsSince(posted) {
      const moment = typeof posted === 'string' ? unseal(posted, 'fill time', secrets) : null;
      return moment === null ? null : (Date.now() - Number(moment)) / 1000;
    },
  };
}
