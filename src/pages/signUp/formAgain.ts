import type { Deps } from '../../deps.js';
import type { FormAgain } from '../../http/errorPage.js';
import { showAddressForm, showDetailsForm, type Shown } from './forms.js';
import { NO_FAULTS, typedValues } from './signUpForm.js';

/** After these the same form may be sent again, with a token that is valid. */
const WORTH_ANOTHER_TRY = new Set([
  'staleForm',
  'tooManyRequests',
  'tooManySignUps',
  'tooLarge',
  'unavailable',
]);

/** Shows the sign-up form again, filled in, where the error would leave people with an empty one. */
export function formAgain(deps: Deps): FormAgain {
  return (req, res, { id, title, text }) => {
    if (req.method !== 'POST' || !WORTH_ANOTHER_TRY.has(id)) return false;
    const posted = req.body as Record<string, unknown> | undefined;
    const words = id === 'staleForm' ? res.locals.t('form.sendAgain') : text;
    const shown: Shown = { ...NO_FAULTS, values: typedValues(posted), notice: { title, text: words } };
    const isTyped = Object.values(shown.values).some((value) => value !== '');
    // A form that was too large to be read begins again.
    if (req.path === '/sign-up' && isTyped) showDetailsForm(deps, res, shown, { posted });
    else if (req.path === '/sign-up' || req.path === '/sign-up/address')
      showAddressForm(deps, res, shown, posted);
    else return false;
    return true;
  };
}
