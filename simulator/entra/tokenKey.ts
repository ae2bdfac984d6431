import {
  X509Certificate,
  createHash,
  createPrivateKey,
  randomUUID,
  sign,
  verify,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A signing key of Entra's, RS256, and its certificate (DER in base64). */
export type TokenKey = { keyId: string; privateKey: KeyObject; publicKey: KeyObject; certificate: string };

export type KeyRing = {
  signing: TokenKey;
  /** What the key endpoint lists. */
  published: TokenKey[];
  /** Every key that ever signed: Graph still takes the tokens of old keys. */
  known: TokenKey[];
};

export type Claims = Record<string, unknown>;

type Pems = { private: string; cert: string };

/** The ring at a start: its key is kept in `dir`, since making one takes longer than all else that a start does. */
export async function createKeyRing(dir: string): Promise<KeyRing> {
  const file = join(dir, 'token-key.json');
  if (!existsSync(file)) {
    const draft = `${file}.${randomUUID()}`;
    await writeFile(draft, JSON.stringify(await generatePems()), { mode: 0o600 });
    await rename(draft, file);
  }
  const key = tokenKeyOf(JSON.parse(await readFile(file, 'utf8')) as Pems);
  return { signing: key, published: [key], known: [key] };
}

/** The key's id is the certificate's thumbprint, as in Entra. */
function tokenKeyOf(pems: Pems): TokenKey {
  const certificate = new X509Certificate(pems.cert);
  return {
    keyId: createHash('sha1').update(certificate.raw).digest('base64url'),
    privateKey: createPrivateKey(pems.private),
    publicKey: certificate.publicKey,
    certificate: certificate.raw.toString('base64'),
  };
}

async function generatePems(): Promise<Pems> {
  const { generate } = await import('selfsigned'); // 200 modules
  return generate([{ name: 'commonName', value: 'Simulated Entra' }], {
    keyType: 'rsa',
    keySize: 2048,
    algorithm: 'sha256',
  });
}

/** Signs with a new key from now on; the old ones leave the key endpoint at once, unless they are kept. */
export async function rotateKeys(ring: KeyRing, keepOld: boolean): Promise<void> {
  const key = tokenKeyOf(await generatePems());
  ring.signing = key;
  ring.published = keepOld ? [key, ...ring.published] : [key];
  ring.known.push(key);
}

/** The public half as `discovery/keys` lists it. */
export function publicJwk(key: TokenKey, issuer: string): JsonWebKey {
  const { keyId, certificate, publicKey } = key;
  return {
    ...publicKey.export({ format: 'jwk' }),
    use: 'sig',
    kid: keyId,
    x5t: keyId,
    x5c: [certificate],
    issuer,
  };
}

/** Header and claims of a JWT, ready to be signed. */
export function signingInput(header: Claims, claims: Claims): string {
  return `${encode({ typ: 'JWT', ...header })}.${encode(claims)}`;
}

/** Signs claims as a JWT. */
export function signToken(key: TokenKey, claims: Claims): string {
  const input = signingInput({ alg: 'RS256', kid: key.keyId }, claims);
  return `${input}.${sign('sha256', Buffer.from(input), key.privateKey).toString('base64url')}`;
}

/** The claims of a token that one of the keys signed; undefined for anything else. The caller checks expiry and audience. */
export function readToken(ring: KeyRing, token: string): Claims | undefined {
  const [header, payload, signature, ...rest] = token.split('.');
  if (!header || !payload || !signature || rest.length > 0) return undefined;
  const input = Buffer.from(`${header}.${payload}`);
  const signed = ring.known.some(({ publicKey }) =>
    verify('sha256', input, publicKey, Buffer.from(signature, 'base64url')),
  );
  // The signature covers the header too: only RS256 tokens of our own come this far.
  return signed ? (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims) : undefined;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
