import { inEnglish, type Translate } from '../language.js';
import type { FaultReason, PolicyFault } from '../policy/policyFault.js';

/** What to do about a fault, as a sentence. */
export function faultText(t: Translate, { code, values }: FaultReason): string {
  return t(`policyFault.${code}`, values);
}

/** Faults, each with its sentence. */
export function describeFaults(t: Translate, faults: readonly PolicyFault[]) {
  return faults.map((fault) => ({ ...fault, text: faultText(t, fault) }));
}

/** One line for people: where in the file, then what to do. */
export function formatFault(t: Translate, fault: PolicyFault): string {
  const { path, line, column } = fault;
  const place = line === undefined ? '' : ` (${t('policy.place', { line, column })})`;
  return `${path === '' ? '' : `${path}: `}${faultText(t, fault)}${place}`;
}

/** A policy file that cannot be used. The message names every fault on a line of its own, in English. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';

  constructor(
    readonly file: string,
    readonly faults: PolicyFault[],
  ) {
    const lines = faults.map((fault) => `  ${formatFault(inEnglish(), fault)}`);
    super([`The policy ${file} cannot be used:`, ...lines].join('\n'));
  }
}
