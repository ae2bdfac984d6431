/** What an app or a group needs a licence for, from the cheapest to the dearest. */
export const TIERS = ['free', 'basic', 'p1', 'p2', 'governance'] as const;
export type Tier = (typeof TIERS)[number];

/** How the people of a partner count for licences. */
export const LICENSING = ['partner', 'affiliate', 'employee', 'homeLicensed'] as const;
export type Licensing = (typeof LICENSING)[number];
