import { highestTier, type Catalogue } from '../policy/tiers.js';
import { TIERS, type Tier } from '../policy/licensing.js';
import { targetKey } from '../policy/grants.js';
import type { RankedTarget } from '../store/licences.js';

/**
 * All that the policy grants, with the rank of its tier in {@link TIERS}; null where the policy says none. Who is in a group has
 * every app behind it.
 */
export function rankedTargets({ apps, groups }: Catalogue): RankedTarget[] {
  const ofGroups = Object.entries(groups).map(([key, { id, tier }]) => {
    const behind = Object.values(apps).filter((app) => app.groups.includes(key));
    return { target_id: id, role_id: '', rank: rankOf([tier, ...behind.map((app) => app.tier)]) };
  });
  const ofRoles = Object.values(apps).flatMap(({ servicePrincipalId, appRoleId, tier }) =>
    servicePrincipalId === undefined || appRoleId === undefined
      ? []
      : [{ target_id: servicePrincipalId, role_id: appRoleId, rank: rankOf([tier]) }],
  );
  return [...ofGroups, ...ofRoles];
}

/** The tier of a person who gets what these keys name; see `policy/grants.ts`. */
export function tierOfTargets(keys: readonly string[], policy: Catalogue): Tier {
  const ranks = new Map(
    rankedTargets(policy).map(({ target_id, role_id, rank }) => [targetKey(target_id, role_id), rank ?? 0]),
  );
  return TIERS[Math.max(0, ...keys.map((key) => ranks.get(key) ?? 0))] ?? 'free';
}

function rankOf(tiers: readonly (Tier | undefined)[]): number | null {
  const said = tiers.filter((tier) => tier !== undefined);
  return said.length === 0 ? null : TIERS.indexOf(highestTier(said));
}

/** What leads to each app, for counting who has it. */
export function targetsOfApps({
  apps,
  groups,
}: Catalogue): { app: string; target_id: string; role_id: string }[] {
  return Object.entries(apps).flatMap(([key, app]) => [
    ...app.groups.flatMap((group) => {
      const id = groups[group]?.id;
      return id === undefined ? [] : [{ app: key, target_id: id, role_id: '' }];
    }),
    ...(app.servicePrincipalId !== undefined && app.appRoleId !== undefined
      ? [{ app: key, target_id: app.servicePrincipalId, role_id: app.appRoleId }]
      : []),
  ]);
}
