import { createHash, createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import type { Harness } from './harness.js';

export const ada = '55555555-0000-4000-8000-000000000001';
export const arne = '55555555-0000-4000-8000-000000000002';
export const aud = '55555555-0000-4000-8000-000000000003';
export const nils = '55555555-0000-4000-8000-000000000004';
export const lia = '55555555-0000-4000-8000-000000000005';
export const gro = '55555555-0000-4000-8000-000000000006';
export const ana = '66666666-0000-4000-8000-000000000001';
export const bo = '66666666-0000-4000-8000-000000000002';
export const dee = '66666666-0000-4000-8000-000000000003';
export const mallory = '66666666-0000-4000-8000-000000000004';

export const callback = 'http://localhost:3000/auth/callback';
export const verifier = 'v'.repeat(43);
export const challenge = createHash('sha256').update(verifier).digest('base64url');

type Metadata = Record<
  'issuer' | 'authorization_endpoint' | 'token_endpoint' | 'end_session_endpoint' | 'jwks_uri',
  string
>;
type Jwk = JsonWebKey & Record<'kid' | 'x5t' | 'use' | 'issuer', string> & { x5c: string[] };
type Tokens = { access_token: string; id_token: string; token_type: string; expires_in: number };
type TokenError = { error: string; error_description: string; error_codes: number[] };
type Claims = Record<string, unknown> & { iat: number; exp: number; nbf: number };

/** An app that signs people in by the book, over HTTP, as a client library would. */
export function relyingParty(harness: Harness, authority = harness.simulator.tenantId) {
  const { simulator } = harness;
  const root = `${simulator.authorityUrl}/${authority}`;
  const json = async <T>(url: string) => (await (await fetch(url)).json()) as T;
  const metadata = () => json<Metadata>(`${root}/v2.0/.well-known/openid-configuration`);
  const keys = async () => (await json<{ keys: Jwk[] }>((await metadata()).jwks_uri)).keys;

  /** The address to which the app sends the browser; undefined takes a parameter away. */
  const authorizeUrl = async (change: Record<string, string | undefined> = {}) => {
    const url = new URL((await metadata()).authorization_endpoint);
    const parameters: Record<string, string | undefined> = {
      client_id: simulator.clientId,
      response_type: 'code',
      redirect_uri: callback,
      scope: 'openid profile email',
      state: 'the state',
      nonce: 'the nonce',
      ...change,
    };
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return url.href;
  };

  /** Signs a person in without a browser; returns what the browser would bring to the app. */
  const signIn = async (oid: string, change: Record<string, string | undefined> = {}) => {
    const answer = await harness.control('POST', '/sign-in', {
      oid,
      authorizeUrl: await authorizeUrl(change),
    });
    if (!answer.ok) throw new Error(await answer.text());
    const { redirect } = (await answer.json()) as { redirect: string };
    return new URL(redirect).searchParams;
  };

  const redeem = async (
    code: string,
    change: Record<string, string> = {},
    headers: Record<string, string> = {},
  ) =>
    fetch((await metadata()).token_endpoint, {
      method: 'POST',
      headers,
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        ...(!headers.authorization && {
          client_id: simulator.clientId,
          client_secret: simulator.clientSecret,
        }),
        redirect_uri: callback,
        code,
        ...change,
      }),
    });

  /** The whole flow. */
  const tokens = async (oid: string, change: Record<string, string> = {}) => {
    const code = (await signIn(oid, change)).get('code') ?? '';
    return (await (await redeem(code)).json()) as Tokens;
  };

  return { metadata, keys, authorizeUrl, signIn, redeem, tokens };
}

export function decode(token: string): { header: Record<string, string>; claims: Claims } {
  const [header, claims] = token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown);
  return { header: header as Record<string, string>, claims: claims as Claims };
}

/** Whether the key that the token names is listed and made the signature. */
export function isSigned(token: string, keys: Jwk[]): boolean {
  const key = keys.find(({ kid }) => kid === decode(token).header.kid);
  const [header = '', payload = '', signature = ''] = token.split('.');
  const input = Buffer.from(`${header}.${payload}`);
  const publicKey = key && createPublicKey({ key, format: 'jwk' });
  return publicKey !== undefined && verify('sha256', input, publicKey, Buffer.from(signature, 'base64url'));
}

/** What a token endpoint says that refuses. */
export async function errorOf(response: Response): Promise<TokenError> {
  return (await response.json()) as TokenError;
}
