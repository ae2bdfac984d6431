import type { Translate } from '../language.js';
import type { RowVerdict } from '../store/schema.js';

/** Why a row is not invited, in words; empty for one that is. */
export function reasonText(t: Translate, { reason, value = '', instead }: RowVerdict): string {
  if (reason === undefined) return '';
  const why = textOf(t, reason, value);
  return instead === undefined ? why : t('bulk.instead', { why, address: instead });
}

/** Codes of rows and of addresses have texts of their own; the rest are those of the policy and of the directory. */
function textOf(t: Translate, reason: string, value: string): string {
  const [of, code = ''] = reason.split('.');
  if (of === 'row') return t(`bulk.reason.${code}`, { value });
  if (of === 'address') return t(`form.fault.email.${code}`, { max: LONGEST_ADDRESS });
  return t(`requests.problem.${reason}`);
}

const LONGEST_ADDRESS = 254;
