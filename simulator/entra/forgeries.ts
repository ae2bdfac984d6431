import { createHmac, sign } from 'node:crypto';
import type { IdTokenChange } from '../faults.js';
import { seedTenants } from '../seedPartners.js';
import { signToken, signingInput, type Claims, type TokenKey } from './tokenKey.js';

type Forgery = (key: TokenKey, claims: Claims) => string;

const HOUR = 3600;
/** The tenant of every personal Microsoft account. */
const PERSONAL_ACCOUNTS = '9188040d-6c67-4c5b-b112-36a304b66dad';

/** id_tokens that the portal must refuse, each wrong in one way. */
export const forgeries: Record<IdTokenChange, Forgery> = {
  // Another tenant's issuer under the same keys, as in Entra: only the issuer differs.
  wrongIssuer: signed((claims) => ({
    ...claims,
    iss: String(claims.iss).replace(String(claims.tid), otherTenant(claims)),
  })),
  // The placeholder in the metadata of `organizations`, taken literally.
  templateTenant: signed((claims) => withTenant(claims, '{tenantid}')),
  missingTenant: signed((claims) => without(claims, 'tid')),
  personalAccount: signed((claims) => withTenant(claims, PERSONAL_ACCOUNTS)),
  wrongAudience: signed((claims) => ({ ...claims, aud: '00000000-0000-4000-8000-00000000beef' })),
  wrongTenant: signed((claims) => ({ ...claims, tid: otherTenant(claims) })),
  wrongNonce: signed((claims) => ({ ...claims, nonce: 'of-somebody-else' })),
  noNonce: signed((claims) => without(claims, 'nonce')),
  expired: signed((claims) => ({ ...claims, ...validFrom(-2 * HOUR) })),
  notYetValid: signed((claims) => ({ ...claims, ...validFrom(HOUR) })),
  algNone: ({ keyId }, claims) => `${signingInput({ alg: 'none', kid: keyId }, claims)}.`,
  hs256WithPublicKey(key, claims) {
    const input = signingInput({ alg: 'HS256', kid: key.keyId }, claims);
    // The text that passport-azure-ad would use as the key to verify a signature.
    const secret = key.publicKey.export({ type: 'pkcs1', format: 'pem' });
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  },
  badSignature(key, claims) {
    const [header, payload, signature = ''] = signToken(key, claims).split('.');
    const bytes = Buffer.from(signature, 'base64url');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return [header, payload, bytes.toString('base64url')].join('.');
  },
  unknownKid: (key, claims) => signToken({ ...key, keyId: 'nobody-knows-this-key' }, claims),
  missingKid({ privateKey }, claims) {
    const input = signingInput({ alg: 'RS256' }, claims);
    return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
  },
  missingSub: signed((claims) => without(claims, 'sub')),
  missingOid: signed((claims) => without(claims, 'oid')),
  missingIat: signed((claims) => without(claims, 'iat')),
};

/** The signature is right: only the claims are wrong. */
function signed(change: (claims: Claims) => Claims): Forgery {
  return (key, claims) => signToken(key, change(claims));
}

function without(claims: Claims, name: string): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([other]) => other !== name));
}

/** Issuer and tenant agree, as if that tenant had signed it. */
function withTenant(claims: Claims, tid: string): Claims {
  return { ...claims, tid, iss: String(claims.iss).replace(String(claims.tid), tid) };
}

/** Far beyond any tolerance for clocks. */
function validFrom(secondsFromNow: number): Claims {
  const start = Math.floor(Date.now() / 1000) + secondsFromNow;
  return { iat: start, nbf: start, exp: start + HOUR };
}

function otherTenant(claims: Claims): string {
  return seedTenants.find(({ id }) => id !== claims.tid)?.id ?? '';
}
