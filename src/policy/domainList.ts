import { parentDomains } from './domainName.js';

/** Makes a question of a list, one domain a word: is this domain on it, or below one that is? */
export function domainList(words: string): (domain: string) => boolean {
  const domains = new Set(words.trim().split(/\s+/));
  return (domain) => domains.has(domain) || parentDomains(domain).some((parent) => domains.has(parent));
}
