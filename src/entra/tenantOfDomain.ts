import { z } from 'zod';
import type { Config } from '../config.js';
import { domainFault } from '../policy/domainName.js';
import { fetchText } from './fetch.js';

export type DomainTenant =
  | { kind: 'found'; tenantId: string }
  /** No tenant has the domain, or it is no domain name at all. */
  | { kind: 'none' }
  | { kind: 'unreachable'; why: LookUpFailure };

/** Why nothing could be learnt: no answer in time, none at all (a redirect counts as such), or not the one of Entra. */
type LookUpFailure = 'timeout' | 'noAnswer' | 'unexpectedAnswer';

type Settings = Pick<Config, 'authorityUrl'>;
type Known = { tenant: DomainTenant; until: number };

/** Entra's answer takes two. */
const LONGEST_ANSWER = 64 * 1024;
const KNOWN_FOR_MS = 10 * 60_000;
const MOST_KNOWN = 1_000;

/** Of every personal Microsoft account: https://learn.microsoft.com/entra/identity-platform/access-tokens */
export const PERSONAL_ACCOUNTS = '9188040d-6c67-4c5b-b112-36a304b66dad';
const PUBLIC_CLOUD = 'https://login.microsoftonline.com';

const configuration = z.object({ issuer: z.string() });
const refusal = z.object({ error: z.string() });
const guid = z.guid();

const known = new Map<string, Known>();

/**
 * Finds the Entra tenant with which a domain is registered, from the metadata that Entra publishes by domain. It says who owns the
 * domain, not who a person is. Calls the configured authority only, follows no redirect, and keeps an answer for ten minutes.
 *
 * @param domain in any case; an internationalised one in its ASCII form
 * @see https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
 */
export async function tenantOfDomain(
  settings: Settings,
  domain: string,
  signal?: AbortSignal,
): Promise<DomainTenant> {
  const name = domain.trim().toLowerCase();
  if (domainFault(name)) return { kind: 'none' };
  const key = `${settings.authorityUrl}/${name}`;
  const before = known.get(key);
  if (before && before.until > Date.now()) return before.tenant;
  known.delete(key);
  const tenant = await lookUpTenant(settings, name, signal);
  if (tenant.kind !== 'unreachable') remember(key, tenant);
  return tenant;
}

/** Looks a tenant up by its id or by a domain, without the answers that are kept. */
export async function lookUpTenant(
  settings: Settings,
  name: string,
  signal?: AbortSignal,
): Promise<DomainTenant> {
  const url = `${settings.authorityUrl}/${encodeURIComponent(name)}/v2.0/.well-known/openid-configuration`;
  const answer = await fetchText(url, { maxBytes: LONGEST_ANSWER, signal }).catch((error: unknown) =>
    failureOf(error, signal),
  );
  if (typeof answer === 'string') return { kind: 'unreachable', why: answer };
  const { status, text } = answer;
  return tenantIn(status, text === null ? undefined : parsed(text), settings);
}

function failureOf(error: unknown, signal?: AbortSignal): LookUpFailure {
  const timedOut = !signal?.aborted && (error as Error).name === 'TimeoutError';
  return timedOut ? 'timeout' : 'noAnswer';
}

function tenantIn(status: number, body: unknown, settings: Settings): DomainTenant {
  if (status === 400 && refusal.safeParse(body).data?.error === 'invalid_tenant') return { kind: 'none' };
  const issuer = status === 200 ? configuration.safeParse(body).data?.issuer : undefined;
  const tenantId = issuer === undefined ? undefined : tenantOfIssuer(issuer, settings.authorityUrl);
  if (tenantId === undefined) return { kind: 'unreachable', why: 'unexpectedAnswer' };
  return tenantId === PERSONAL_ACCOUNTS ? { kind: 'none' } : { kind: 'found', tenantId };
}

/** The tenant in an issuer `https://<authority>/<tenant>/v2.0`, of the configured authority or of the public cloud. */
function tenantOfIssuer(issuer: string, authorityUrl: string): string | undefined {
  const authority = [authorityUrl, PUBLIC_CLOUD].find((one) => issuer.startsWith(`${one}/`));
  if (authority === undefined || !issuer.endsWith('/v2.0')) return undefined;
  return guid.safeParse(issuer.slice(authority.length + 1, -'/v2.0'.length)).data?.toLowerCase();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function remember(key: string, tenant: DomainTenant): void {
  const [oldest] = known.keys();
  if (known.size >= MOST_KNOWN && oldest !== undefined) known.delete(oldest);
  known.set(key, { tenant, until: Date.now() + KNOWN_FOR_MS });
}
