import type { JsonWebKey } from 'node:crypto';
import { z } from 'zod';
import type { Config } from '../config.js';
import { sharedCall } from '../shared.js';
import { EntraFault } from './entraFault.js';
import { fetchJson } from './fetch.js';

const FRESH_MS = 30 * 60_000;

const httpsUrl = z.url({ protocol: /^https$/ });
/** Where browsers are sent. The simulator's pages are plain HTTP on this machine, so that no browser warns. */
const pageUrl = z.union([httpsUrl, z.url({ protocol: /^http$/, hostname: /^localhost$/ })]);

const metadataShape = z.object({
  issuer: z.string(),
  authorization_endpoint: pageUrl,
  token_endpoint: httpsUrl,
  end_session_endpoint: pageUrl,
  jwks_uri: httpsUrl,
});
const base64url = z.string().regex(/^[\w-]+$/);
const keyShape = z.object({
  kid: z.string().min(1),
  kty: z.literal('RSA'),
  n: base64url,
  e: base64url,
  /** Whose tokens it signs, as in the metadata; the key of personal accounts names their tenant. */
  issuer: z.string().optional(),
});
const keysShape = z.object({ keys: z.array(z.unknown()).max(100) });
const tokensShape = z.object({
  token_type: z.string().regex(/^bearer$/i),
  access_token: z.string(),
  id_token: z.string(),
  refresh_token: z.string().optional(),
});
const refusalShape = z.object({ error: z.string().catch('') }).catch({ error: '' });
/** What the token endpoint says when the app registration is at fault (RFC 6749, 5.2). */
const OUR_FAULT = ['invalid_client', 'unauthorized_client', 'invalid_scope', 'unsupported_grant_type'];

export type EntraMetadata = z.infer<typeof metadataShape>;
export type SigningKey = JsonWebKey & z.infer<typeof keyShape>;
export type Tokens = z.infer<typeof tokensShape>;
export type Entra = ReturnType<typeof createEntra>;

/** Stands in the issuer of `organizations` where each tenant writes its own id. */
export const TENANT_PLACE = '{tenantid}';

/**
 * Where people sign in: what Entra says of itself there, its keys, and its token endpoint. `own` is our tenant, for staff;
 * at `organizations` the people of any tenant sign in, for partners who prove to which one they belong.
 *
 * For the latter the portal's own app registration has to be open to other tenants (`signInAudience` AzureADMultipleOrgs;
 * otherwise Microsoft's page says AADSTS50194), with the same redirect address as for staff. It requests no more than
 * `openid profile email`, to which people may consent themselves unless their organisation forbids that; then an admin there
 * consents once for all. Optional claims of its id_tokens that help: `email` and `xms_edov` (where people sign in with
 * another name than their address), `acct` (marks guests), `given_name` and `family_name` (fill in the form).
 *
 * @see https://learn.microsoft.com/entra/identity-platform/howto-convert-app-to-be-multi-tenant
 */
export function createEntra(
  { authorityUrl, tenantId, signIn }: Pick<Config, 'authorityUrl' | 'tenantId' | 'signIn'>,
  who: 'own' | 'organizations' = 'own',
) {
  const [authority, issuing] = who === 'own' ? [tenantId, tenantId] : [who, TENANT_PLACE];
  const address = `${authorityUrl}/${authority}/v2.0/.well-known/openid-configuration`;
  const metadata = kept(() => loadMetadata(address, issuing));
  const keys = kept(async () => loadKeys((await metadata.get()).jwks_uri));

  return {
    address,
    /** @throws {EntraFault} */
    metadata: metadata.get,
    /**
     * All signing keys, among them the one with this id if there is such a key: they are fetched again for an id that
     * is new, since Entra changes its keys without notice.
     *
     * @throws {EntraFault}
     */
    async keys(kid: string): Promise<SigningKey[]> {
      const known = await keys.get();
      return known.some((key) => key.kid === kid) ? known : keys.renew();
    },
    /**
     * Redeems a code or a refresh token.
     *
     * @throws {EntraFault} `grantRefused` when the person has to sign in again
     */
    async redeem(grant: Record<string, string>): Promise<Tokens> {
      const { token_endpoint } = await metadata.get();
      const { status, body } = await fetchJson(token_endpoint, {
        client_id: signIn.clientId,
        client_secret: signIn.clientSecret,
        ...grant,
      });
      if (status !== 200) {
        const { error } = refusalShape.parse(body);
        throw new EntraFault(OUR_FAULT.includes(error) ? 'clientRefused' : 'grantRefused', loggable(error));
      }
      const tokens = tokensShape.safeParse(body);
      if (!tokens.success) throw new EntraFault('unreadable', 'tokens of an unknown shape');
      return tokens.data;
    },
    /** The origin to which a sign-out leads on; the authority's own as long as nothing else is known. */
    signOutOrigin: (): string => new URL(metadata.known()?.end_session_endpoint ?? authorityUrl).origin,
  };
}

async function loadMetadata(address: string, issuing: string): Promise<EntraMetadata> {
  const { status, body } = await fetchJson(address);
  const parsed = metadataShape.safeParse(body);
  if (status !== 200 || !parsed.success) throw new EntraFault('unreadable', `metadata, status ${status}`);
  // Entra's keys sign for every tenant: only the issuer says whose token it is.
  if (!parsed.data.issuer.endsWith(`/${issuing}/v2.0`))
    throw new EntraFault('issuer', 'metadata of another tenant');
  return parsed.data;
}

/** Keys of other kinds are left out, as is whatever else cannot be read. */
async function loadKeys(address: string): Promise<SigningKey[]> {
  const { status, body } = await fetchJson(address);
  const parsed = keysShape.safeParse(body);
  if (status !== 200 || !parsed.success) throw new EntraFault('unreadable', `keys, status ${status}`);
  return parsed.data.keys.flatMap((key) => keyShape.safeParse(key).data ?? []);
}

/** Only a code such as `invalid_grant` is worth a log line; anything else might be a text with a token in it. */
function loggable(code: string): string {
  return /^[a-z_]{1,40}$/.test(code) ? code : 'an unknown code';
}

/** Keeps what was loaded for half an hour; callers at the same time share one load. A failure is not kept. */
function kept<T>(load: () => Promise<T>) {
  let value: { of: T; at: number } | undefined;
  const renew = sharedCall(async () => {
    const loaded = await load();
    value = { of: loaded, at: Date.now() };
    return loaded;
  });
  return {
    get: async (): Promise<T> => (value && Date.now() - value.at < FRESH_MS ? value.of : renew()),
    renew,
    known: () => value?.of,
  };
}
