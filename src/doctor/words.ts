import type { Translate } from '../language.js';
import { isTrouble, type Check, type Finding } from './finding.js';

/** A finding for people: what was looked at, what was found, and what to do; null where there is nothing to do. */
export type Words = { title: string; text: string; advice: string | null };

/** Says a finding in the language of `t`. */
export function wordsOf(t: Translate, finding: Finding): Words {
  const { check, code, level } = finding;
  const title = titleOf(t, check);
  const values = { ...finding.values, title, ...purposeIn(t, finding) };
  if (isTrouble(finding)) {
    return {
      title,
      text: t(`doctor.trouble.${code}.text`, values),
      advice: t(`doctor.trouble.${code}.advice`, values),
    };
  }
  return {
    title,
    text: t(`doctor.${check}.${code}.text`, values),
    advice: level === 'good' ? null : t(`doctor.${check}.${code}.advice`, values),
  };
}

function titleOf(t: Translate, check: Check): string {
  return t(`doctor.check.${check}`);
}

function purposeIn(t: Translate, { values: { purpose } }: Finding): { purpose?: string } {
  return purpose === undefined ? {} : { purpose: t(`doctor.purpose.${purpose}`) };
}
