import { isConsumerDomain, isDisposableDomain } from './providers.js';
import type { PolicyFault } from './policyFault.js';
import { isPublicSuffix } from './publicSuffix.js';
import { memberOf } from './rawJson.js';
import { parseRule, type Rule } from './rule.js';
import type { RuleIndex } from './ruleIndex.js';

/** Reads a rule as it was written. Adds a malformed one to `faults`; the schema reports a rule that is not text. */
export function readRule(written: unknown, path: string, faults: PolicyFault[]): Rule | undefined {
  if (typeof written !== 'string' || written === '') return undefined;
  const parsed = parseRule(written);
  if (parsed.ok) return parsed.rule;
  faults.push({ path, message: parsed.message });
  return undefined;
}

type RuleFault = Pick<PolicyFault, 'message' | 'cause'>;

/**
 * The fault of a well-formed rule of a partner, given what the policy denies; undefined when it has none.
 *
 * @param denied the denials, each with its path
 */
export function partnerRuleFault(
  rule: Rule,
  denied: RuleIndex<string>,
  deny: unknown,
): RuleFault | undefined {
  return widthFault(rule) ?? denialFault(rule, denied, deny);
}

function widthFault({ kind, text, domain }: Rule): RuleFault | undefined {
  if (kind === 'address' || !isPublicSuffix(domain)) return undefined;
  return { message: `"${text}" is too wide: anybody can register a name below ${domain}` };
}

function denialFault(rule: Rule, denied: RuleIndex<string>, deny: unknown): RuleFault | undefined {
  const never = `"${rule.text}" can never match:`;
  const denial = denied.covering(rule);
  if (denial) return { message: `${never} deny.domains contains "${denial.rule.text}"`, cause: denial.value };
  if (rule.kind === 'address') return undefined;
  const cause =
    memberOf(deny, 'consumer') === true && isConsumerDomain(rule.domain)
      ? 'deny.consumer'
      : memberOf(deny, 'disposable') === true && isDisposableDomain(rule.domain)
        ? 'deny.disposable'
        : undefined;
  return cause && { message: `${never} ${cause} refuses it; name full addresses instead`, cause };
}
