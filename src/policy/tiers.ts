import { TIERS, type Tier } from './licensing.js';
import type { PolicyDocument } from './schema.js';

// What a policy says of licences.

/** The highest of several tiers; `free` for none. */
export function highestTier(tiers: Iterable<Tier>): Tier {
  const ranks = Array.from(tiers, (tier) => TIERS.indexOf(tier));
  return TIERS[Math.max(0, ...ranks)] ?? 'free';
}

export type Catalogue = Pick<PolicyDocument, 'apps' | 'groups'>;

/** Whether a policy says of anything which tier it needs: without that there is no report. */
export function saysTiers({ apps, groups }: Catalogue): boolean {
  return [...Object.values(apps), ...Object.values(groups)].some(({ tier }) => tier !== undefined);
}

/** Names of what partners get of which the policy does not say a tier: their apps, and groups of their own. */
export function withoutTier({ apps, groups, partners }: PolicyDocument): string[] {
  const granted = (kind: 'apps' | 'groups') => new Set(partners.flatMap((partner) => partner[kind]));
  const [ofApps, own] = [granted('apps'), granted('groups')];
  return [
    ...Object.entries(apps).filter(([key, app]) => ofApps.has(key) && tierOfApp(app, groups) === null),
    ...Object.entries(groups).filter(([key, { tier }]) => own.has(key) && tier === undefined),
  ].map(([, { name }]) => name);
}

/** The tier of an app, or the highest of its groups; null where neither says one. */
export function tierOfApp(
  app: PolicyDocument['apps'][string],
  groups: PolicyDocument['groups'],
): Tier | null {
  const said = [app.tier, ...app.groups.map((key) => groups[key]?.tier)].filter((tier) => tier !== undefined);
  return said.length === 0 ? null : highestTier(said);
}
