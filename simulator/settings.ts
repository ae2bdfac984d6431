import { z } from 'zod';
import { subscription, type Subscription } from './licences.js';
import { seed } from './seed.js';

export const inviterSettings = [
  'none',
  'adminsAndGuestInviters',
  'adminsGuestInvitersAndAllMembers',
  'everyone',
] as const;

/** Whose accounts the portal's app registration is open to. */
const audienceSettings = [
  'AzureADMyOrg',
  'AzureADMultipleOrgs',
  'AzureADandPersonalMicrosoftAccount',
] as const;

/** Everything about the tenant that can be changed while it runs. */
export type Settings = {
  /** How long every Graph call takes at least, in ms. */
  latencyMs: number;
  /** How long a new guest stays invisible to look-ups, in ms; app role assignment lags half as long again. */
  replicationDelayMs: number;
  resourceUnitsPer10s: number;
  writesPer150s: number;
  /** The application permissions that an admin consented to. */
  permissions: string[];
  allowInvitesFrom: (typeof inviterSettings)[number];
  tokenLifetimeSeconds: number;
  /** When the portal's client secret ends; from then on Entra refuses it. */
  secretEndsAt: string;
  /** How long the code of a sign-in can be redeemed. */
  codeLifetimeSeconds: number;
  /**
   * Metadata names HTTPS addresses for signing in and out, which redirect to the pages. A browser warns there, but
   * passport-azure-ad as shipped takes no others.
   */
  httpsSignIn: boolean;
  /** Whether id_tokens name the person's groups: an app must be configured for it, and some people have too many. */
  groupsClaim: boolean;
  /** Whether id_tokens say if the person is a guest: an app must request the claim. */
  acctClaim: boolean;
  /** What the portal's registration says; signing in takes any address on this machine. */
  signInAudience: (typeof audienceSettings)[number];
  redirectUris: string[];
  /** What the tenant has bought. */
  subscriptions: Subscription[];
  /** Whether it has a licence for reading sign-ins. */
  premium: boolean;
};

/** What `PUT /control/settings` accepts: any part of the settings. */
export const settingsChange = z
  .strictObject({
    latencyMs: z.number().int().min(0).max(600_000),
    replicationDelayMs: z.number().int().min(0).max(3_600_000),
    resourceUnitsPer10s: z.number().positive(),
    writesPer150s: z.number().positive(),
    permissions: z.array(z.string()),
    allowInvitesFrom: z.enum(inviterSettings),
    tokenLifetimeSeconds: z.number().int().positive(),
    secretEndsAt: z.iso.datetime(),
    codeLifetimeSeconds: z.number().int().min(0),
    httpsSignIn: z.boolean(),
    groupsClaim: z.boolean(),
    acctClaim: z.boolean(),
    signInAudience: z.enum(audienceSettings),
    redirectUris: z.array(z.string()),
    subscriptions: z.array(subscription),
    premium: z.boolean(),
  })
  .partial();

/** The settings of a new tenant; Microsoft's limits are those of one with fewer than 50 users. */
export function defaultSettings(): Settings {
  return {
    latencyMs: 0,
    replicationDelayMs: 2000,
    resourceUnitsPer10s: 3500,
    writesPer150s: 3000,
    permissions: [...seed.permissions],
    allowInvitesFrom: 'everyone',
    tokenLifetimeSeconds: 3599,
    secretEndsAt: new Date(Date.now() + 180 * 24 * 3600_000).toISOString(),
    codeLifetimeSeconds: 300,
    httpsSignIn: false,
    groupsClaim: true,
    acctClaim: true,
    signInAudience: 'AzureADMultipleOrgs',
    // Entra ignores the port of an address on localhost, so this one stands for all.
    redirectUris: ['http://localhost:3000/auth/callback'],
    subscriptions: structuredClone(seed.subscriptions),
    premium: true,
  };
}
