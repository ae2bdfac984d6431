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
