import { grantsOf, NO_GRANTS, type Grants } from './grants.js';
import type { Policy } from './policy.js';

/** The keys of the apps and of the direct groups of a partner that a person gets. */
export type GrantChoice = { apps: readonly string[]; groups: readonly string[] };

/**
 * The grants of a partner that remain when only some are chosen. A chosen app brings its groups. A group that only came with
 * apps that were left out is left out too. A key that the partner does not have is ignored.
 */
export function narrowGrants(policy: Policy, partnerId: string, choice: GrantChoice): Grants {
  const partner = policy.partner(partnerId);
  if (!partner) return NO_GRANTS;
  const apps = partner.apps.filter((key) => choice.apps.includes(key));
  const groups = partner.groups.filter((key) => choice.groups.includes(key));
  return grantsOf({ ...partner, apps, groups }, policy.document);
}

/** Whether the partner has every chosen app and group. */
export function isWithin(policy: Policy, partnerId: string, { apps, groups }: GrantChoice): boolean {
  const partner = policy.partner(partnerId);
  const granted = new Set([
    ...(partner?.groups ?? []),
    ...policy.grants(partnerId).groups.map(({ key }) => key),
  ]);
  return apps.every((key) => partner?.apps.includes(key)) && groups.every((key) => granted.has(key));
}

/** The choice of everything. */
export function wholeChoice(policy: Policy, partnerId: string): GrantChoice {
  const { apps = [], groups = [] } = policy.partner(partnerId) ?? {};
  return { apps, groups };
}

export function isEmpty({ groups, appRoles, apps }: Grants): boolean {
  return groups.length + appRoles.length + apps.length === 0;
}
