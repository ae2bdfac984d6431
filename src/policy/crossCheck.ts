import { childPath } from './jsonWalk.js';
import type { PolicyFault } from './policyFault.js';
import { isConsumerDomain, isDisposableDomain } from './providers.js';
import { isPublicSuffix } from './publicSuffix.js';
import { entriesIn, listIn, memberOf } from './rawJson.js';
import { parseRule, type Rule } from './rule.js';
import { RuleIndex } from './ruleIndex.js';
import { eachInSlices } from './slices.js';

// What the checks have found so far. `ids`, `rules` and `denied` give the first place of an id or a rule.
type Findings = {
  document: unknown;
  faults: PolicyFault[];
  ids: Map<string, string>;
  rules: RuleIndex<string>;
  denied: RuleIndex<string>;
};

/**
 * Checks how the parts of a policy fit together: unknown names, ids and rules that are used twice, rules that are malformed,
 * too wide or can never match, apps that nobody can reach. Takes the document as it was written, in any shape, so that a fault
 * of the schema hides no other. Adds to `faults`.
 */
export async function crossCheck(document: unknown, faults: PolicyFault[]): Promise<void> {
  const findings = {
    document,
    faults,
    ids: new Map(),
    rules: new RuleIndex<string>(),
    denied: new RuleIndex<string>(),
  };
  await eachInSlices(listIn(memberOf(document, 'deny'), 'domains'), (written, index) => {
    const path = `deny.domains[${index}]`;
    const rule = readRule(written, path, faults);
    if (rule) findings.denied.add(rule, path);
  });
  for (const [key, app] of entriesIn(document, 'apps')) checkApp(app, childPath('apps', key), findings);
  const approvers = new Map<string, string>();
  await eachInSlices(listIn(document, 'partners'), (partner, index) => {
    const path = `partners[${index}]`;
    checkPartner(partner, path, findings);
    for (const id of listIn(partner, 'approvers')) {
      if (typeof id === 'string') approvers.set(id.toLowerCase(), `${path}.approvers`);
    }
  });
  for (const [key, group] of entriesIn(document, 'groups')) {
    checkGroup(group, childPath('groups', key), approvers, faults);
  }
}

/** A guest in a group of approvers could approve the next guests. */
function checkGroup(
  group: unknown,
  path: string,
  approvers: Map<string, string>,
  faults: PolicyFault[],
): void {
  const id = memberOf(group, 'id');
  const place = typeof id === 'string' ? approvers.get(id.toLowerCase()) : undefined;
  if (place === undefined) return;
  const message = `is a group of approvers at ${place}: guests added to it could approve others`;
  faults.push({ path: `${path}.id`, message, cause: place });
}

function checkApp(app: unknown, path: string, findings: Findings): void {
  checkNames(app, path, 'groups', findings);
  const servicePrincipal = memberOf(app, 'servicePrincipalId') !== undefined;
  const role = memberOf(app, 'appRoleId') !== undefined;
  const { faults } = findings;
  if (servicePrincipal && !role) faults.push({ path, message: 'has a servicePrincipalId but no appRoleId' });
  if (role && !servicePrincipal) faults.push({ path, message: 'has an appRoleId but no servicePrincipalId' });
  if (!servicePrincipal && !role && listIn(app, 'groups').length === 0) {
    faults.push({ path, message: 'nobody can reach it: name groups, or servicePrincipalId and appRoleId' });
  }
}

function checkPartner(partner: unknown, path: string, findings: Findings): void {
  checkId(memberOf(partner, 'id'), path, findings);
  checkNames(partner, path, 'apps', findings);
  checkNames(partner, path, 'groups', findings);
  listIn(partner, 'domains').forEach((written, index) => {
    checkDomain(written, `${path}.domains[${index}]`, findings);
  });
  const redirectUrl = memberOf(memberOf(partner, 'invitation'), 'redirectUrl');
  if (redirectUrl === undefined && listIn(partner, 'apps').length === 0) {
    const message = 'is missing, and the partner has no app to use instead';
    findings.faults.push({ path: `${path}.invitation.redirectUrl`, message });
  }
}

function checkId(id: unknown, path: string, { ids, faults }: Findings): void {
  if (typeof id !== 'string') return;
  const older = ids.get(id);
  if (older === undefined) ids.set(id, path);
  else {
    const message = `"${id}" is already the id of ${older}`;
    faults.push({ path: `${path}.id`, message, cause: `${older}.id` });
  }
}

function checkNames(
  owner: unknown,
  path: string,
  kind: 'apps' | 'groups',
  { document, faults }: Findings,
): void {
  listIn(owner, kind).forEach((name, index) => {
    if (typeof name !== 'string' || memberOf(memberOf(document, kind), name) !== undefined) return;
    const message = `no ${kind === 'apps' ? 'app' : 'group'} is called "${name}"`;
    faults.push({ path: `${path}.${kind}[${index}]`, message });
  });
}

function checkDomain(written: unknown, path: string, { document, faults, rules, denied }: Findings): void {
  const rule = readRule(written, path, faults);
  if (rule === undefined) return;
  const older = rules.add(rule, path);
  if (older !== undefined) {
    faults.push({ path, message: `"${rule.text}" is already listed at ${older.value}`, cause: older.value });
  }
  const fault = partnerRuleFault(rule, denied, memberOf(document, 'deny'));
  if (fault !== undefined) faults.push({ path, ...fault });
}

/** Reads a rule as it was written. Adds a malformed one to `faults`; the schema reports a rule that is not text. */
function readRule(written: unknown, path: string, faults: PolicyFault[]): Rule | undefined {
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
function partnerRuleFault(rule: Rule, denied: RuleIndex<string>, deny: unknown): RuleFault | undefined {
  return widthFault(rule) ?? denialFault(rule, denied, deny);
}

function widthFault({ kind, text, domain }: Rule): RuleFault | undefined {
  if (kind === 'address' || !isPublicSuffix(domain)) return undefined;
  return { message: `"${text}" is too broad: anyone can register a name below ${domain}` };
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
  return cause && { message: `${never} ${cause} refuses it; list full addresses instead`, cause };
}
