import { createHash, generateKeyPairSync, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto';

/** The tenant's signing key: RS256, as Entra's. */
export type TokenKey = { keyId: string; privateKey: KeyObject; publicKey: KeyObject };

export type Claims = Record<string, unknown>;

/** Makes a fresh key; it lives as long as the process. */
export function createTokenKey(): TokenKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keyId = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
    .slice(0, 27);
  return { keyId, privateKey, publicKey };
}

/** The public half as `discovery/keys` lists it. */
export function publicJwk(key: TokenKey, issuer: string): JsonWebKey {
  return { ...key.publicKey.export({ format: 'jwk' }), kid: key.keyId, use: 'sig', alg: 'RS256', issuer };
}

/** Signs claims as a JWT. */
export function signToken(key: TokenKey, claims: Claims): string {
  const input = `${encode({ typ: 'JWT', alg: 'RS256', kid: key.keyId })}.${encode(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), key.privateKey).toString('base64url')}`;
}

/** The claims of a token that this key signed; undefined for anything else. Expiry and audience are the caller's to check. */
export function readToken(key: TokenKey, token: string): Claims | undefined {
  const [header, payload, signature, ...rest] = token.split('.');
  if (!header || !payload || !signature || rest.length > 0) return undefined;
  const signed = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    key.publicKey,
    Buffer.from(signature, 'base64url'),
  );
  // The signature covers the header too: only this key's own RS256 tokens come this far.
  return signed ? (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims) : undefined;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
