import { randomUUID } from 'node:crypto';
import type { Reply } from '../reply.js';
import { seed } from '../seed.js';
import type { Tenant } from '../tenant.js';
import type { Authority } from './authorities.js';
import { redeemCode } from './codeGrant.js';
import { entraError, missingParameter } from './errors.js';
import { issuerOf } from './metadata.js';
import { redeemRefreshToken } from './refreshGrant.js';
import { signToken } from './tokenKey.js';

const GRAPH = 'https://graph.microsoft.com';

/** POST oauth2/v2.0/token: an app's own token for Graph, or the tokens of a person who signed in. */
export function answerToken(
  tenant: Tenant,
  authority: Authority,
  request: { form: URLSearchParams; authorization: string | undefined },
): Reply {
  const { form } = request;
  const refusal = clientFault(tenant, clientOf(request));
  if (refusal) return refusal;
  switch (form.get('grant_type')) {
    case 'client_credentials':
      return answerApp(tenant, authority, form);
    case 'authorization_code':
      return redeemCode(tenant, authority, form);
    case 'refresh_token':
      return redeemRefreshToken(tenant, authority, form);
    case null:
      return missingParameter('grant_type');
    default:
      return entraError(400, 'unsupported_grant_type', 70003, 'The app requested an unsupported grant type.');
  }
}

type Client = { id: string | null; secret: string | null };

/** The client, from the body or else from Basic authentication. */
function clientOf({ form, authorization }: Parameters<typeof answerToken>[2]): Client {
  const basic = /^Basic (.+)$/i.exec(authorization ?? '')?.[1];
  const halves = basic === undefined ? [] : Buffer.from(basic, 'base64').toString().split(':');
  const [id = null, secret = null] = halves.map(formDecode);
  return { id: form.get('client_id') ?? id, secret: form.get('client_secret') ?? secret };
}

/** RFC 6749, 2.3.1: both halves of Basic authentication are form-encoded first. */
function formDecode(text: string): string {
  return new URLSearchParams(`text=${text}`).get('text') ?? '';
}

function clientFault(tenant: Tenant, { id, secret }: Client): Reply | undefined {
  if (id === null) return missingParameter('client_id');
  if (id !== seed.clientId) {
    const message = `Application with identifier '${id}' was not found in the directory '${seed.organization}'.`;
    return entraError(400, 'unauthorized_client', 700016, message);
  }
  if (secret === null) {
    const message =
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
    return entraError(401, 'invalid_client', 7000218, message);
  }
  if (secret !== seed.clientSecret) {
    const message = `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${seed.clientId}'.`;
    return entraError(401, 'invalid_client', 7000215, message);
  }
  if (Date.parse(tenant.settings.secretEndsAt) <= Date.now()) {
    const message = `The provided client secret keys for app '${seed.clientId}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`;
    return entraError(401, 'invalid_client', 7000222, message);
  }
  return undefined;
}

function answerApp(tenant: Tenant, authority: Authority, form: URLSearchParams): Reply {
  if (authority.tenantId !== seed.tenantId) {
    const message = `Application with identifier '${seed.clientId}' has no permissions in the directory '${authority.name}'.`;
    return entraError(400, 'unauthorized_client', 700016, message);
  }
  if (!form.get('scope')?.split(' ').includes(`${GRAPH}/.default`)) {
    const message = "The provided value for the input parameter 'scope' is not valid.";
    return entraError(400, 'invalid_scope', 70011, message);
  }
  const lifetime = tenant.settings.tokenLifetimeSeconds;
  return {
    status: 200,
    headers: { 'Cache-Control': 'no-store' },
    body: {
      token_type: 'Bearer',
      expires_in: lifetime,
      ext_expires_in: lifetime,
      access_token: signToken(tenant.keys.signing, appClaims(tenant, lifetime)),
    },
  };
}

function appClaims(tenant: Tenant, lifetimeSeconds: number): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    aud: GRAPH,
    iss: issuerOf(tenant, seed.tenantId),
    iat: now,
    nbf: now,
    exp: now + lifetimeSeconds,
    appid: seed.clientId,
    idtyp: 'app',
    oid: '55555555-0000-4000-8000-000000000099',
    roles: tenant.settings.permissions,
    tid: seed.tenantId,
    uti: randomUUID(),
    ver: '2.0',
  };
}
