import { z } from 'zod';
import { parseAddress } from '../policy/address.js';
import { EntraFault } from './entraFault.js';

/** A person who has signed in at their own organisation, as the verified id_token describes them. */
export type TenantIdentity = {
  tid: string;
  oid: string;
  /** The name with which they signed in, for people to read. */
  account: string;
  /** Canonical addresses that the tenant answers for as theirs; the one at which they read mail comes first. */
  addresses: string[];
  /** Only a guest in that tenant. */
  guest: boolean;
  /** Empty where the token does not say. */
  firstName: string;
  lastName: string;
};

const text = z.string().optional().catch(undefined);

// learn.microsoft.com/entra/identity-platform/id-token-claims-reference and …/optional-claims-reference
const claimsShape = z.object({
  iss: z.string(),
  tid: z.guid().toLowerCase(),
  oid: z.guid().toLowerCase(),
  preferred_username: text,
  email: text,
  // Documented as a Boolean, and met as "1" too (supabase/auth, internal/api/provider/azure.go).
  xms_edov: z
    .unknown()
    .optional()
    .transform((value) => [true, 'true', 1, '1'].includes(value as never)),
  name: text,
  given_name: text,
  family_name: text,
  acct: z.unknown().optional(),
  idp: z.unknown().optional(),
});
type Claims = z.infer<typeof claimsShape>;

/**
 * The person that the claims of a verified id_token describe. An `email` claim counts only where the tenant has verified
 * the address's domain (`xms_edov`): otherwise an admin of any tenant may write any address there.
 *
 * @throws {EntraFault} `token` for claims that name nobody
 * @see https://learn.microsoft.com/entra/identity-platform/migrate-off-email-claim-authorization
 */
export function tenantIdentityOf(claims: unknown): TenantIdentity {
  const parsed = claimsShape.safeParse(claims);
  if (!parsed.success) throw new EntraFault('token', `claim ${String(parsed.error.issues[0]?.path[0])}`);
  const { tid, oid, preferred_username, email, xms_edov, name } = parsed.data;
  const addresses = [xms_edov ? email : undefined, preferred_username].flatMap((one) => {
    const address = parseAddress(one);
    return address.ok ? [address.address.canonical] : [];
  });
  return {
    tid,
    oid,
    account: claimText(preferred_username) ?? claimText(name) ?? oid,
    addresses: [...new Set(addresses)],
    guest: isGuest(parsed.data),
    ...namesIn(parsed.data),
  };
}

/** Guests sign in elsewhere: the tenant that issues the token says nothing about their address. */
function isGuest({ acct, idp, iss, tid, preferred_username }: Claims): boolean {
  const member = acct === undefined || acct === 0 || acct === '0';
  const here = idp === undefined || idp === iss || idp === `https://sts.windows.net/${tid}/`;
  return !member || !here || /#EXT#/i.test(preferred_username ?? '');
}

/** As many characters as the form takes. */
const NAME_LENGTH = 64;

/** Without optional claims for the two names, the one name has to be split: “Lind, Ana” or “Ana Lind”. */
function namesIn({ given_name, family_name, name }: Claims): { firstName: string; lastName: string } {
  const part = (name?: string) => claimText(name, NAME_LENGTH) ?? '';
  if (given_name !== undefined || family_name !== undefined) {
    return { firstName: part(given_name), lastName: part(family_name) };
  }
  const whole = claimText(name) ?? '';
  const [, last, first] = /^([^,]+),([^,]+)$/.exec(whole) ?? [];
  if (first !== undefined) return { firstName: part(first), lastName: part(last) };
  const space = whole.lastIndexOf(' ');
  return space < 0
    ? { firstName: part(whole), lastName: '' }
    : { firstName: part(whole.slice(0, space)), lastName: part(whole.slice(space + 1)) };
}

/** A text from a token, fit for pages and the store: admins of a directory may write anything into a name. */
export function claimText(text: string | undefined, max = 256): string | undefined {
  const cleaned = text
    ?.replace(/[\p{Cc}\p{Cs}]/gu, '')
    .trim()
    .slice(0, max);
  return cleaned === '' ? undefined : cleaned;
}
