import { childPath } from './jsonWalk.js';
import { tagFault } from './languageTag.js';
import { reason, type FaultReason, type PolicyFault } from './policyFault.js';
import { isConsumerDomain, isDisposableDomain } from './providers.js';
import { isPublicSuffix } from './publicSuffix.js';
import { entriesIn, isRecord, listIn, memberOf } from './rawJson.js';
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
 * too wide or can never match, apps that nobody can reach, languages that there are not. Takes the document as it was written, in any shape, so that a fault
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
  checkTexts(memberOf(document, 'portal'), faults);
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

function checkTexts(portal: unknown, faults: PolicyFault[]): void {
  for (const member of ['terms', 'welcome']) {
    const path = `portal.${member}`;
    const texts = memberOf(portal, member);
    if (isRecord(texts) && Object.keys(texts).length === 0) faults.push({ path, ...reason('texts.none') });
    for (const [tag] of entriesIn(portal, member)) {
      const fault = tagFault(tag);
      if (fault) faults.push({ path: childPath(path, tag), ...fault });
    }
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
  faults.push({ path: `${path}.id`, ...reason('group.approvers', { place }), cause: place });
}

function checkApp(app: unknown, path: string, findings: Findings): void {
  checkNames(app, path, 'groups', findings);
  const servicePrincipal = memberOf(app, 'servicePrincipalId') !== undefined;
  const role = memberOf(app, 'appRoleId') !== undefined;
  const { faults } = findings;
  if (servicePrincipal && !role) faults.push({ path: `${path}.appRoleId`, ...reason('appRoleId.missing') });
  if (role && !servicePrincipal)
    faults.push({ path: `${path}.servicePrincipalId`, ...reason('servicePrincipalId.missing') });
  if (!servicePrincipal && !role && listIn(app, 'groups').length === 0)
    faults.push({ path: `${path}.groups`, ...reason('app.unreachable') });
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
    findings.faults.push({ path: `${path}.invitation.redirectUrl`, ...reason('redirectUrl.missing') });
  }
}

function checkId(id: unknown, path: string, { ids, faults }: Findings): void {
  if (typeof id !== 'string') return;
  const older = ids.get(id);
  if (older === undefined) ids.set(id, path);
  else {
    faults.push({ path: `${path}.id`, ...reason('id.taken', { id, place: older }), cause: `${older}.id` });
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
    const unknown = kind === 'apps' ? 'app.unknown' : 'group.unknown';
    faults.push({ path: `${path}.${kind}[${index}]`, ...reason(unknown, { key: name }) });
  });
}

function checkDomain(written: unknown, path: string, { document, faults, rules, denied }: Findings): void {
  const rule = readRule(written, path, faults);
  if (rule === undefined) return;
  const older = rules.add(rule, path);
  if (older !== undefined) {
    const twice = reason('rule.twice', { rule: rule.text, place: older.value });
    faults.push({ path, ...twice, cause: older.value });
  }
  const fault = partnerRuleFault(rule, denied, memberOf(document, 'deny'));
  if (fault !== undefined) faults.push({ path, ...fault });
}

/** Reads a rule as it was written. Adds a malformed one to `faults`; the schema reports a rule that is not text. */
function readRule(written: unknown, path: string, faults: PolicyFault[]): Rule | undefined {
  if (typeof written !== 'string' || written === '') return undefined;
  const parsed = parseRule(written);
  if (parsed.ok) return parsed.rule;
  faults.push({ path, ...parsed.fault });
  return undefined;
}

type RuleFault = FaultReason & Pick<PolicyFault, 'cause'>;

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
  return reason('rule.tooWide', { rule: text, domain });
}

function denialFault(rule: Rule, denied: RuleIndex<string>, deny: unknown): RuleFault | undefined {
  const { text, domain } = rule;
  const denial = denied.covering(rule);
  if (denial)
    return { ...reason('rule.denied', { rule: text, denial: denial.rule.text }), cause: denial.value };
  if (rule.kind === 'address') return undefined;
  if (memberOf(deny, 'consumer') === true && isConsumerDomain(domain))
    return { ...reason('rule.consumer', { rule: text }), cause: 'deny.consumer' };
  if (memberOf(deny, 'disposable') === true && isDisposableDomain(domain))
    return { ...reason('rule.disposable', { rule: text }), cause: 'deny.disposable' };
  return undefined;
}
