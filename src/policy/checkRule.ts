import { isConsumerDomain } from './consumerDomains.js';
import { isDisposableDomain } from './disposableDomains.js';
import type { PolicyFault } from './policyFault.js';
import { isPublicSuffix } from './publicSuffix.js';
import { memberOf } from './rawJson.js';
import { parseRule, type Rule } from './rule.js';
import type { RuleIndex } from './ruleIndex.js';

/** Reads a rule as it was written; a malformed one is added to `faults`, and what is no text is left to the schema. */
export function readRule(written: unknown, path: string, faults: PolicyFault[]): Rule | undefined {
  if (typeof written !== 'string' || written === '') return undefined;
  const parsed = parseRule(written);
  if (parsed.ok) return parsed.rule;
  faults.push({ path, message: parsed.message });
  return undefined;
}

/** What is wrong with a well-formed rule of a partner, given what the policy denies; undefined when nothing is. */
export function partnerRuleFault(rule: Rule, denied: RuleIndex<null>, deny: unknown): string | undefined {
  return widthFault(rule) ?? denialFault(rule, denied, deny);
}

function widthFault({ kind, text, domain }: Rule): string | undefined {
  if (kind === 'address' || !isPublicSuffix(domain)) return undefined;
  return `"${text}" is too wide: anybody can register a name below ${domain}`;
}

function denialFault(rule: Rule, denied: RuleIndex<null>, deny: unknown): string | undefined {
  const denial = denied.covering(rule);
  if (denial) return `"${rule.text}" can never match: deny.domains holds "${denial.rule.text}"`;
  if (rule.kind === 'address') return undefined;
  if (memberOf(deny, 'consumer') === true && isConsumerDomain(rule.domain)) {
    return `"${rule.text}" can never match: deny.consumer refuses it; name full addresses instead`;
  }
  if (memberOf(deny, 'disposable') === true && isDisposableDomain(rule.domain)) {
    return `"${rule.text}" can never match: deny.disposable refuses it; name full addresses instead`;
  }
  return undefined;
}
