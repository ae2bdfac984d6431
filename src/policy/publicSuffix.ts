import { domainToUnicode } from 'node:url';
import { parse } from 'tldts';

// Missing in the Public Suffix List, although every tenant of Microsoft 365 has a name below one of them.
const SHARED_BY_TENANTS = [
  'onmicrosoft.com',
  'mail.onmicrosoft.com',
  'onmicrosoft.us',
  'onmicrosoft.de',
  'partner.onmschina.cn',
];

/**
 * Whether strangers can register names directly below this domain: `uk`, `co.uk`, and privately run ones such as `github.io`
 * (Public Suffix List, both sections).
 */
export function isPublicSuffix(domain: string): boolean {
  if (!domain.includes('.') || SHARED_BY_TENANTS.includes(domain)) return true;
  const { publicSuffix, isIcann, isPrivate } = parse(domain, { allowPrivateDomains: true });
  return publicSuffix === domain && (isIcann === true || isPrivate === true);
}

/**
 * A domain name by ownership: its owner registered `domain`, a name directly below `suffix`, and chose `below` freely.
 * `seen` is that name as people see it, with an A-label decoded. `suffixExists` is false for a top-level domain that the
 * Public Suffix List does not have, such as `con`.
 */
export type Registration = {
  domain: string;
  seen: string;
  suffix: string;
  below: string;
  suffixExists: boolean;
};

// Our own grammar has checked the name already.
const OF_A_NAME = {
  allowPrivateDomains: true,
  extractHostname: false,
  validateHostname: false,
  detectIp: false,
};

/**
 * @param domain a good domain name
 * @returns undefined for a public suffix itself, which nobody registers
 */
export function registrationOf(domain: string): Registration | undefined {
  const parsed = parse(domain, OF_A_NAME);
  const suffix = SHARED_BY_TENANTS.find((one) => isBelow(domain, one)) ?? parsed.publicSuffix;
  if (suffix === null || suffix === domain) return undefined;
  const labels = domain.slice(0, -suffix.length - 1);
  const dot = labels.lastIndexOf('.');
  const name = labels.slice(dot + 1);
  return {
    domain: `${name}.${suffix}`,
    seen: decoded(name),
    suffix,
    below: dot === -1 ? '' : labels.slice(0, dot),
    suffixExists: parsed.isIcann === true || parsed.isPrivate === true,
  };
}

/** What an organisation has registered: `contoso.co.uk` for `mail.contoso.co.uk`. A public suffix stands for itself. */
export function registrableDomain(domain: string): string {
  return registrationOf(domain)?.domain ?? domain;
}

function isBelow(domain: string, parent: string): boolean {
  return domain.endsWith(parent) && domain[domain.length - parent.length - 1] === '.';
}

/** A domain name, or a label of one, with its A-labels decoded. */
export function decoded(name: string): string {
  return name.includes('xn--') ? domainToUnicode(name) : name;
}
