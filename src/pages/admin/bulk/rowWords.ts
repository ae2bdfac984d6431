import { namesOf, shortened } from '../../../bulk/judge.js';
import { reasonText } from '../../../bulk/reasonText.js';
import { fullName } from '../../../fullName.js';
import type { Translate } from '../../../language.js';
import type { RunLine } from '../../../store/runRows.js';
import type { RunChoice } from '../../../store/schema.js';

/** Why a row stands where it stands, in words. */
export function whyOf(t: Translate, { state, problem, verdict, outcome }: RunLine): string {
  if (problem) return t(`requests.problem.${problem.code}`);
  if (outcome === 'duplicate') return t('bulk.duplicateOf', { line: verdict.value });
  return state === outcome ? reasonText(t, verdict) : '';
}

/** What a row says of the person and the mail, for somebody who checks it before it is sent. */
export function detailsOf(t: Translate, { typed }: RunLine, choice: RunChoice): string[] {
  const { firstName, lastName } = namesOf(typed);
  return [
    fullName({ first_name: firstName, last_name: lastName }),
    typed.company,
    typed.language,
    choice.mail && typed.sendMail === false ? t('bulk.mail.without') : '',
    typed.redirectUrl && t('bulk.leadsTo', { url: typed.redirectUrl }),
    typed.message && t('bulk.says', { message: typed.message }),
  ]
    .filter((text) => text !== '')
    .map(shortened);
}
