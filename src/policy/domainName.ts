import { domainToASCII, domainToUnicode } from 'node:url';

/** Why mail cannot go to a domain name: it is malformed, or it has no top-level domain. */
export type DomainFault = 'domain' | 'noTopLevelDomain';

const LABEL = /^[a-z0-9-]+$/;
const LETTERS = /^[a-z]+$/;

/**
 * Checks a lower-case domain name against a strict ASCII grammar: at most 253 characters, two or more labels of 1 to 63 letters,
 * digits and inner hyphens (RFC 1123), the last one of letters or an A-label (so `192.0.2.1` and `localhost` are refused).
 *
 * @returns the fault, or undefined for a good name
 */
export function domainFault(domain: string): DomainFault | undefined {
  if (domain.length > 253) return 'domain';
  const labels = domain.split('.');
  if (!labels.every(isLabel)) return 'domain';
  if (labels.length < 2 || !isTopLevel(labels.at(-1) ?? '')) return 'noTopLevelDomain';
  return domain.includes('xn--') && !isEncodedFaithfully(domain) ? 'domain' : undefined;
}

// RFC 5890, 2.3.1 reserves labels with hyphens in the third and fourth place; A-labels (`xn--`) are the only ones in use.
function isLabel(label: string): boolean {
  return (
    label.length <= 63 &&
    LABEL.test(label) &&
    !label.startsWith('-') &&
    !label.endsWith('-') &&
    (!label.startsWith('--', 2) || label.startsWith('xn'))
  );
}

function isTopLevel(label: string): boolean {
  return label.length > 1 && (LETTERS.test(label) || label.startsWith('xn--'));
}

// An A-label must decode, and encode to itself again: `xn--fabrikam-` decodes to plain `fabrikam` and would be a look-alike.
function isEncodedFaithfully(domain: string): boolean {
  const decoded = domainToUnicode(domain);
  // A name that cannot be decoded comes back empty from Node 20 and unchanged from Node 24.
  return !/(^|\.)xn--/.test(decoded) && domainToASCII(decoded) === domain;
}

/**
 * The domains above a domain, nearest first: `b.c` and `c` for `a.b.c`.
 *
 * @param most the most labels to return: a look-up need not try domains that are longer than every entry of its list
 */
export function parentDomains(domain: string, most = Infinity): string[] {
  const parents: string[] = [];
  for (let dot = dotBefore(domain, most); dot !== -1; dot = domain.indexOf('.', dot + 1)) {
    parents.push(domain.slice(dot + 1));
  }
  return parents;
}

/** The position of the dot before the last `labels` labels, or the first dot; -1 where there is no dot. */
function dotBefore(domain: string, labels: number): number {
  let dot = -1;
  let next = domain.length;
  for (let count = 0; count < labels && next > 0; count++) {
    next = domain.lastIndexOf('.', next - 1);
    if (next === -1) break;
    dot = next;
  }
  return dot;
}

export function labelCount(domain: string): number {
  return domain.split('.').length;
}
