/**
 * Every fault that a policy can have, by its code, with the names of the values in its sentence. The sentence is
 * `policyFault.<code>` in `locales/`, and says what to do.
 */
export const POLICY_FAULTS = {
  'file.missing': ['detail'],
  'file.notFile': [],
  'file.tooLarge': [],
  'file.notText': [],
  'file.unreadable': ['detail'],

  'json.value': ['found'],
  'json.valueOrEnd': ['found'],
  'json.key': ['found'],
  'json.keyOrEnd': ['found'],
  'json.colon': ['found'],
  'json.commaOrBrace': ['found'],
  'json.commaOrBracket': ['found'],
  'json.end': ['found'],
  'json.endsEarly': [],
  'json.string': [],

  missing: [],
  unknownKey: [],
  'type.text': [],
  'type.list': [],
  'type.object': [],
  'type.flag': [],
  'type.textOrTexts': [],
  oneOf: ['options'],
  version: [],
  'key.malformed': [],
  'key.twice': [],
  'key.reserved': [],

  'organization.missing': [],
  'organization.tooLong': ['max'],
  'organization.character': [],
  contact: [],
  'welcome.missing': [],
  'welcome.tooLong': ['max'],
  'welcome.character': [],
  logo: [],
  colour: [],
  'reviewers.address': ['value'],
  'reviewers.tooMany': ['max'],
  redirectHosts: ['value'],
  'texts.none': [],
  'textLanguage.missing': [],
  'textLanguage.unknown': ['tag'],
  'textLanguage.otherTag': ['tag', 'instead'],
  'terms.path': [],
  'terms.empty': [],
  'terms.missing': ['detail'],
  'terms.notFile': [],
  'terms.tooLarge': [],
  'terms.notText': [],
  'terms.unreadable': ['detail'],

  'name.missing': [],
  'name.tooLong': ['max'],
  'name.character': [],

  'group.id': [],
  'group.unknown': ['key'],
  'group.approvers': ['place'],

  'app.unknown': ['key'],
  'app.unreachable': [],
  'url.notHttps': [],
  'url.malformed': [],
  'servicePrincipalId.malformed': [],
  'servicePrincipalId.missing': [],
  'appRoleId.malformed': [],
  'appRoleId.missing': [],

  'id.malformed': [],
  'id.taken': ['id', 'place'],
  'domains.missing': [],
  'rule.missing': [],
  'rule.space': ['rule'],
  'rule.invisible': ['rule'],
  'rule.notAscii': ['rule'],
  'rule.encoded': ['rule', 'instead'],
  'rule.several': ['rule'],
  'rule.address': ['rule'],
  'rule.otherAddress': ['rule', 'instead'],
  'rule.malformed': ['rule'],
  'rule.tooWide': ['rule', 'domain'],
  'rule.twice': ['rule', 'place'],
  'rule.denied': ['rule', 'denial'],
  'rule.consumer': ['rule'],
  'rule.disposable': ['rule'],
  tenantId: [],
  needsMail: [],
  'redirectUrl.missing': [],
  'redirectUrl.notHttps': [],
  'redirectUrl.malformed': [],
  'message.tooLong': ['max'],
  'message.character': [],
  language: [],
  'sponsors.id': ['value'],
  'sponsors.tooMany': ['max'],
  'approvers.id': ['value'],
  perDay: [],
  perHour: [],
  total: [],

  'directory.noGroup': [],
  'directory.roleAssignable': [],
  'directory.dynamic': [],
  'directory.onPremises': [],
  'directory.mailEnabled': [],
  'directory.portalRole': [],
  'directory.noApp': [],
  'directory.microsoftGraph': [],
  'directory.portalItself': [],

  more: ['count'],
} as const satisfies Record<string, readonly string[]>;

export type PolicyFaultCode = keyof typeof POLICY_FAULTS;
type ValueName<Code extends PolicyFaultCode> = (typeof POLICY_FAULTS)[Code][number];
type Values<Code extends PolicyFaultCode> = Record<ValueName<Code>, string | number>;

/** What is wrong. In `values`, `place` is the path of another part of the policy. */
export type FaultReason = {
  [Code in PolicyFaultCode]: { code: Code; values: Values<Code> };
}[PolicyFaultCode];

/**
 * One thing wrong with a policy file. `path` such as `partners[2].domains[0]`, '' for the whole file; places count from 1.
 * `cause` is the path of the other place that it conflicts with, if any.
 */
export type PolicyFault = FaultReason & {
  path: string;
  cause?: string;
  line?: number;
  column?: number;
};

export type ReasonOf<Code extends PolicyFaultCode> = [
  code: Code,
  ...values: ValueName<Code> extends never ? [] : [values: Values<Code>],
];

export function reason<Code extends PolicyFaultCode>(...fault: ReasonOf<Code>): FaultReason {
  const [code, ...given] = fault;
  const [values]: readonly object[] = given;
  return { code, values: values ?? {} } as FaultReason;
}
