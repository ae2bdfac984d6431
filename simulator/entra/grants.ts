import type { Authority } from './authorities.js';

// What Entra keeps of sign-ins.

/** A person who can sign in, as the tenant that the person belongs to describes them to the portal. */
export type Account = {
  oid: string;
  tenantId: string;
  organization: string;
  name: string;
  givenName: string | null;
  familyName: string | null;
  userName: string;
  /** In the token when there is one. It proves nothing: an admin of the tenant may enter any address. */
  email: string | null;
  /** The optional claim `xms_edov`: the tenant has verified the domain of the address. */
  emailDomainVerified: boolean;
  /** Whether the tenant that signs the person in holds them as a guest only. */
  guest: boolean;
  roles: string[];
  /** Ids of security groups. */
  groups: string[];
  enabled: boolean;
  /** What the person shows, for the sign-in page. */
  about: string;
};

/** What an app requests when it sends a person to `oauth2/v2.0/authorize`. */
export type AuthorizationRequest = {
  authority: Authority;
  redirectUri: string;
  responseMode: 'query' | 'form_post';
  scope: string[];
  state: string | null;
  nonce: string | null;
  /** S256. */
  codeChallenge: string | null;
  loginHint: string | null;
  prompt: string | null;
};

/** A sign-in that waits to be redeemed. */
export type Grant = {
  request: AuthorizationRequest;
  account: Account;
  /** In ms. */
  expiresAt: number;
  redeemed: boolean;
};

export type Codes = Map<string, Grant>;

/** What a refresh token stands for. */
type RefreshGrant = {
  request: AuthorizationRequest;
  oid: string;
  /** By `revokeSignInSessions`. */
  revoked: boolean;
};

export type RefreshTokens = Map<string, RefreshGrant>;
