import { labelCount, parentDomains } from './domainName.js';

/** Makes a question of a list: is this domain on it, or below one that is? */
export function domainList(listed: Iterable<string>): (domain: string) => boolean {
  const domains = new Set(listed);
  const most = Math.max(0, ...Array.from(domains, labelCount));
  return (domain) => domains.has(domain) || parentDomains(domain, most).some((parent) => domains.has(parent));
}

/** The words of a list that is kept in a source file, one domain a word. */
export function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
