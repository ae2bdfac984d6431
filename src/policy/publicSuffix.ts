import { parse } from 'tldts';

// Missing in the Public Suffix List, though every tenant of Microsoft 365 has a name below one of them.
const SHARED_BY_TENANTS = new Set([
  'onmicrosoft.com',
  'mail.onmicrosoft.com',
  'onmicrosoft.us',
  'onmicrosoft.de',
  'partner.onmschina.cn',
]);

/**
 * Whether strangers can register names directly below this domain: `uk`, `co.uk`, and privately run ones such as `github.io`
 * (Public Suffix List, both sections).
 */
export function isPublicSuffix(domain: string): boolean {
  if (!domain.includes('.') || SHARED_BY_TENANTS.has(domain)) return true;
  const { publicSuffix, isIcann, isPrivate } = parse(domain, { allowPrivateDomains: true });
  return publicSuffix === domain && (isIcann === true || isPrivate === true);
}
