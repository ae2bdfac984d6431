import { grantsOf, NO_GRANTS, type Grants } from './grants.js';
import type { Policy } from './policy.js';

/** Which of a partner's apps, and of the groups that it has besides those of its apps, somebody is to get; keys. */
export type GrantChoice = { apps: readonly string[]; groups: readonly string[] };

/**
 * What remains of a partner's grants when only some are chosen. An app brings its groups; one that is left out leaves out
 * those that no other chosen app and none of the chosen groups of the partner itself is. What the partner does not have
 * is not given, whatever is chosen.
 */
export function narrowGrants(policy: Policy, partnerId: string, choice: GrantChoice): Grants {
  const partner = policy.partner(partnerId);
  if (!partner) return NO_GRANTS;
  const apps = partner.apps.filter((key) => choice.apps.includes(key));
  const groups = partner.groups.filter((key) => choice.groups.includes(key));
  return grantsOf({ ...partner, apps, groups }, policy.document);
}

/** Whether every key that is chosen names something that the partner has. */
export function isWithin(policy: Policy, partnerId: string, { apps, groups }: GrantChoice): boolean {
  const partner = policy.partner(partnerId);
  const granted = new Set([
    ...(partner?.groups ?? []),
    ...policy.grants(partnerId).groups.map(({ key }) => key),
  ]);
  return apps.every((key) => partner?.apps.includes(key)) && groups.every((key) => granted.has(key));
}

/** The choice that leaves nothing out. */
export function wholeChoice(policy: Policy, partnerId: string): GrantChoice {
  const { apps = [], groups = [] } = policy.partner(partnerId) ?? {};
  return { apps, groups };
}

export function isEmpty({ groups, appRoles, apps }: Grants): boolean {
  return groups.length + appRoles.length + apps.length === 0;
}
