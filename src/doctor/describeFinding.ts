import type { Translate } from '../language.js';
import { formatFault } from '../policyFile/faultTexts.js';
import { isTrouble, type Finding } from './finding.js';

/** A finding for people: what was checked, what was found, and what to do; null where there is nothing to do. */
export type Description = { title: string; text: string; advice: string | null };

/** Describes a finding in the language of `t`. */
export function describeFinding(t: Translate, finding: Finding): Description {
  const { check, code, level, fault } = finding;
  const { purpose } = finding.values;
  const title = t(`doctor.check.${check}`);
  const values = {
    ...finding.values,
    title,
    ...(purpose !== undefined && { purpose: t(`doctor.purpose.${purpose}`) }),
    ...(fault && { fault: formatFault(t, fault) }),
  };
  const found = isTrouble(finding) ? `trouble.${code}` : `${check}.${code}`;
  return {
    title,
    text: t(`doctor.${found}.text`, values),
    advice: level === 'good' ? null : t(`doctor.${found}.advice`, values),
  };
}

/** How much there is to mend, such as "1 problem and 2 warnings". */
export function countFound(
  { t, language }: { t: Translate; language: string },
  found: { bad: number; warnings: number },
): string {
  const parts = [
    ...(found.bad > 0 ? [t('doctor.summary.bad', { count: found.bad })] : []),
    ...(found.warnings > 0 ? [t('doctor.summary.warning', { count: found.warnings })] : []),
  ];
  return parts.length > 0 ? new Intl.ListFormat(language).format(parts) : t('doctor.summary.good');
}
